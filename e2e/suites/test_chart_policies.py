"""What the API server refuses by itself, and what it lets pass: tables of requests by people with roles of their own."""

import catalogue
import pytest
from installation.cluster import Unmet, wait
from installation.operator import ACCOUNT, NAMESPACE, namespace
from persona import Persona, bind, grant, refusal

TEAM, LAB = "policies-ada", "policies-lab"
OPERATOR = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
HUB = "system:serviceaccount:hub:hub"
REGISTRY = "registry.example.org/physics/"


@pytest.fixture(scope="module")
def people(cluster):
    """Two namespaces, one of them labelled for grace, and who may do what in them."""
    cluster.apply(namespace(TEAM), namespace(LAB, **{"marea.dev/user": "grace"}), *classes())
    for place in (TEAM, LAB):
        bind(cluster, "ada", "edit", place)
        bind(cluster, "dora", "admin", place)
        bind(cluster, "eve", "edit", place)
        bind(cluster, HUB, "marea-hub", place)
    grant(cluster, "ada", TEAM, ["sessions"], ["actas"], names=["bob"])
    grant(cluster, "eve", TEAM, ["sessions/status"], ["get", "patch", "update"])
    grant(cluster, "eve", None, ["acceleratorclasses/status", "projects/status"], ["get", "patch"])
    cluster.apply(catalogue.thing("Project", TEAM, {}))
    cluster.apply(session({"user": TEAM, "image": "jupyterlab"}, name="there"), *marked("there", LAB))
    people = {n: Persona(cluster, n) for n in ("ada", "dora", "eve", OPERATOR, HUB)}
    people["admin"] = Persona(cluster, "root", "system:masters")

    def in_force():
        if not refusal(lambda: people["eve"].create(session({"user": "bob"}))):
            raise Unmet("it is let pass")
        return not refusal(lambda: people["dora"].create(session({"user": "bob"})))

    wait("policies and aggregated roles are in force", in_force, 30)
    yield people
    cluster.kubectl("delete", "namespace", TEAM, LAB, "--wait=false")
    cluster.kubectl("delete", "sessionclass/physics", "sessionclass/trimmed", f"project/{TEAM}")


def classes():
    physics = catalogue.session_class("physics", ["t4"], {"type": "kwok"}, {"cpu": 1, "memory": "1Gi"})
    physics["spec"]["allowedImagePrefixes"] = [REGISTRY]
    return physics, catalogue.session_class("trimmed", ["t4"], {"type": "kwok"}, {"cpu": 1, "memory": "1Gi"})


def session(spec, place=TEAM, name="new"):
    metadata = {"name": name, "namespace": place}
    return {"apiVersion": "marea.dev/v1alpha1", "kind": "Session", "metadata": metadata, "spec": {"desiredState": "Stopped", **spec}}


MINE = "is for policies-ada, and ada may not act as {} in it"
HOME = "{} is another user's home than that of policies-ada, and ada may not act as them"
WHO = [
    # who, where, what they ask for, what they are told
    ("ada", TEAM, {}, None),
    ("ada", TEAM, {"user": TEAM}, None),
    ("ada", TEAM, {"user": "bob"}, None),  # whom she may act as
    ("ada", TEAM, {"user": "carol"}, MINE.format("carol")),
    ("ada", TEAM, {"user": "ada"}, MINE.format("ada")),  # the namespace is the team's, not hers
    ("ada", TEAM, {"user": "BOB"}, MINE.format("BOB")),
    ("ada", TEAM, {"user": "policies-ada "}, "must not begin or end with a space"),
    ("ada", LAB, {}, None),
    ("ada", LAB, {"user": "grace"}, None),
    ("ada", LAB, {"user": LAB}, "is for grace, and ada may not act as policies-lab in it"),
    ("ada", LAB, {"user": "bob"}, "may not act as bob"),  # only in the other namespace
    ("dora", TEAM, {"user": "carol"}, None),  # an admin of the namespace
    (HUB, TEAM, {"user": "anybody@example.org"}, None),
    ("admin", TEAM, {"user": "carol"}, None),
    ("ada", TEAM, {"home": {"claimName": f"claim-{TEAM}"}}, None),
    ("ada", TEAM, {"home": {"claimName": "shared-data"}}, None),
    ("ada", TEAM, {"home": {"claimName": "claim-bob"}}, None),
    ("ada", TEAM, {"user": "bob", "home": {"claimName": "claim-bob"}}, None),
    ("ada", TEAM, {"home": {"claimName": "claim-carol"}}, HOME.format("claim-carol")),
    ("ada", TEAM, {"user": "bob", "home": {"claimName": "claim-carol"}}, "claim-carol is another user's home than that of bob"),
    ("ada", TEAM, {"volumes": [{"claimName": "claim-carol", "mountPath": "/mnt/c"}]}, HOME.format("claim-carol")),
    ("ada", TEAM, {"volumes": [{"claimName": "data", "mountPath": "/mnt/d"}, {"claimName": "claim-bob", "mountPath": "/mnt/b"}]}, None),
    ("dora", TEAM, {"home": {"claimName": "claim-carol"}}, None),
    (HUB, LAB, {"user": "carol", "home": {"claimName": "claim-carol"}}, None),
]


@pytest.mark.parametrize("who, where, spec, told", WHO, ids=[f"{w[0].split(':')[-1]} {w[2]}" for w in WHO])
def test_for_whom_a_session_may_be(people, who, where, spec, told):
    said = refusal(lambda: people[who].create(session(spec, where)))
    assert said is None if told is None else told in (said or "it was let pass"), said


EDITS = [
    ("ada", {"desiredState": "Running"}, None),
    ("ada", {"volumes": [{"claimName": "data", "mountPath": "/mnt/d"}]}, None),
    ("ada", {"volumes": [{"claimName": "claim-carol", "mountPath": "/mnt/c"}]}, HOME.format("claim-carol")),
    ("ada", {"volumes": [{"claimName": "claim-bob", "mountPath": "/mnt/b"}]}, None),
    ("ada", {"image": "other"}, 'class default has no image "other"; it has: jupyterlab'),
    ("ada", {"className": "physics"}, None),
    ("dora", {"volumes": [{"claimName": "claim-carol", "mountPath": "/mnt/c"}]}, None),
]


@pytest.mark.parametrize("who, spec, told", EDITS, ids=[f"{e[0]} {e[1]}" for e in EDITS])
def test_what_an_edit_may_bring(people, who, spec, told):
    said = refusal(lambda: people[who].patch("Session", "there", TEAM, {"spec": spec}))
    assert said is None if told is None else told in (said or "it was let pass"), said


def test_who_may_not_act_as_somebody_may_still_edit_what_is_there(people):
    """A session for carol that an admin made, with her home: eve may stop it, whatever she could create."""
    name = "carols"
    made = session({"user": "carol", "volumes": [{"claimName": "claim-dave", "mountPath": "/mnt/d"}]}, name=name)
    people["dora"].create(made, dry=False)
    assert refusal(lambda: people["eve"].patch("Session", name, TEAM, {"spec": {"desiredState": "Running"}})) is None
    assert refusal(lambda: people["eve"].patch("Session", name, TEAM, {"metadata": {"labels": {"a": "b"}}})) is None
    more = [*made["spec"]["volumes"], {"claimName": "claim-frank", "mountPath": "/mnt/f"}]
    assert "claim-frank is another" in (refusal(lambda: people["eve"].patch("Session", name, TEAM, {"spec": {"volumes": more}})) or "")


IMAGES = [
    ({"image": "jupyterlab"}, None),
    ({"image": "other"}, 'class default has no image "other"; it has: jupyterlab'),
    ({"image": f"{REGISTRY}root:1"}, f'class default has no image "{REGISTRY}root:1"; it has: jupyterlab'),
    ({"className": "physics", "image": f"{REGISTRY}root:1"}, None),
    ({"className": "physics", "image": "jupyterlab"}, None),
    ({"className": "physics", "image": "registry.example.org/chemistry/x"},
     f"class physics has no image \"registry.example.org/chemistry/x\"; it has: jupyterlab, and allows references that begin with: {REGISTRY}"),
    ({"className": "nobody-made-it", "image": "other"}, None),  # the operator says ClassNotFound, and heals when it comes
]


@pytest.mark.parametrize("spec, told", IMAGES, ids=[str(i[0]) for i in IMAGES])
def test_images_are_those_of_the_class(people, spec, told):
    said = refusal(lambda: people["ada"].create(session(spec)))
    assert said is None if told is None else told in (said or "it was let pass"), said


def test_an_image_that_a_class_gave_up_holds_up_no_other_edit(people, cluster):
    people["ada"].create(session({"className": "trimmed", "image": "jupyterlab"}, name="kept"), dry=False)
    images = {"spec": {"images": [{"name": "newer", "image": "marea.dev/jupyterlab:local"}]}}
    people["admin"].patch("SessionClass", "trimmed", None, images, dry=False)

    def refused():
        return "it has: newer" in (refusal(lambda: people["ada"].create(session({"className": "trimmed", "image": "jupyterlab"}))) or "")

    wait("the class without that image is known to the policy", refused, 30)
    assert refusal(lambda: people["ada"].patch("Session", "kept", TEAM, {"spec": {"durationSeconds": 600}})) is None


def marked(name, place, **marks):
    """A pod, a claim, a Service and a Secret; with labels and annotations as given."""
    metadata = {"name": name, "namespace": place, **(marks or {"labels": {"marea.dev/user": "grace"}, "annotations": {"marea.dev/user": "grace"}})}
    container = {
        "name": "c", "image": "marea.dev/pause:local",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container], "schedulingGates": [{"name": "example.org/never"}]}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata,
         "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": {"requests": {"storage": "1Gi"}}}},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata},
    ]


OWN = "is written by Marea alone"
MARKS = [
    ({"labels": {"marea.dev/session": "there"}}, f"marea.dev/session {OWN}"),
    ({"labels": {"marea.dev/user": "carol"}}, f"marea.dev/user {OWN}"),
    ({"labels": {"marea.dev/anything": ""}}, f"marea.dev/anything {OWN}"),
    ({"annotations": {"marea.dev/user": "carol"}}, f"marea.dev/user {OWN}"),
    ({"annotations": {"marea.dev/token-key": "20260101"}}, f"marea.dev/token-key {OWN}"),
    ({"labels": {"app": "jupyterhub", "mymarea.dev/user": "carol", "marea.device/x": "y"}}, None),
    ({"labels": {}}, None),
]


@pytest.mark.parametrize("marks, told", MARKS, ids=[str(m[0]) for m in MARKS])
def test_nobody_makes_what_looks_like_mareas(people, marks, told):
    for thing in marked("new", TEAM, **marks):
        said = refusal(lambda thing=thing: people["dora"].create(thing))
        assert said is None if told is None else told in (said or "it was let pass"), f"{thing['kind']}: {said}"
        assert refusal(lambda thing=thing: people["admin"].create(thing)) is None, "who restores a backup"
    if "labels" in marks:
        for thing in marked("new", TEAM, **marks)[:3]:
            assert refusal(lambda thing=thing: people[OPERATOR].create(thing)) is None, thing["kind"]


@pytest.mark.parametrize("change, told", [
    ({"labels": {"marea.dev/user": "carol"}}, f"marea.dev/user {OWN}"),
    ({"labels": {"marea.dev/user": None}}, f"marea.dev/user {OWN}"),
    ({"labels": {"marea.dev/session": "there"}}, f"marea.dev/session {OWN}"),
    ({"annotations": {"marea.dev/user": None}}, f"marea.dev/user {OWN}"),
    ({"annotations": {"marea.dev/user": "carol"}}, f"marea.dev/user {OWN}"),
    ({"labels": {"mine": "yes"}, "annotations": {"note": "x"}}, None),
], ids=str)
def test_nobody_changes_what_is_mareas(people, change, told):
    for kind in ("Pod", "PersistentVolumeClaim", "Service", "Secret"):
        said = refusal(lambda kind=kind: people["dora"].patch(kind, "there", LAB, {"metadata": change}))
        assert said is None if told is None else told in (said or "it was let pass"), f"{kind}: {said}"


def test_no_controller_makes_it_for_them(people, cluster):
    """A Deployment's pods are made by a controller that may more than its owner; they are refused all the same."""
    [pod, *_] = marked("forged", TEAM, labels={"app": "forged", "marea.dev/session": "there"})
    template = {"metadata": {"labels": pod["metadata"]["labels"]}, "spec": {"containers": pod["spec"]["containers"]}}
    people["dora"].create({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "forged", "namespace": TEAM},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "forged"}}, "template": template},
    }, dry=False)

    def told():
        events = cluster.get("events", namespace=TEAM)
        return [e for e in events if e["reason"] == "FailedCreate" and f"marea.dev/session {OWN}" in e["message"]]

    wait("its controller is refused the pod", told, 30)
    assert not [p for p in cluster.get("pods", namespace=TEAM) if p["metadata"]["name"].startswith("forged")]
    cluster.kubectl("delete", "deployment", "forged", "--namespace", TEAM)


@pytest.mark.parametrize("kind, name, place, status", [
    ("Session", "there", TEAM, {"user": "carol"}), ("AcceleratorClass", "t4", None, {"free": 99}), ("Project", TEAM, None, {"waiting": 99}),
], ids=lambda value: value if isinstance(value, str) else "")
def test_status_is_mareas_whatever_a_role_says(people, kind, name, place, status):
    def write(who):
        return refusal(lambda: people[who].patch(kind, name, place, {"status": status}, "status"))

    assert "status: is written by Marea alone; ask for changes in spec" in (write("eve") or "it was let pass")
    assert "cannot patch resource" in (write("dora") or "it was let pass"), "an admin of the namespace has no such right at all"
    assert write(OPERATOR) is None
    assert write("admin") is None


def test_the_policies_are_checked_by_the_api_server_and_bound(cluster):
    policies = {p["metadata"]["name"]: p for p in cluster.get("validatingadmissionpolicies") if p["metadata"]["name"].startswith("marea-")}
    bindings = {b["spec"]["policyName"]: b["spec"]["validationActions"] for b in cluster.get("validatingadmissionpolicybindings")}
    assert set(policies) == {"marea-act-as", "marea-marks", "marea-status", "marea-images"}
    for name, policy in policies.items():
        assert policy["spec"]["failurePolicy"] == "Fail"
        assert bindings[name] == ["Deny"]
        assert policy["status"]["typeChecking"] == {}, f"{name}: the API server has doubts about its expressions"
