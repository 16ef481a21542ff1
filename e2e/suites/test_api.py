"""What the API server refuses, and how it says so: bad Sessions, SessionClasses, AcceleratorClasses and
Projects, as a person with kubectl writes them. And what it must take: the smallest, the largest, and what was stored under looser rules."""

import copy
import json
import re

import pytest
import yaml
from api_objects import CLASS, DEVICE, LEAST, MOST, PROJECT, SESSION
from api_rows import BAD, BAD_NAMES, BAD_UPDATES, GOOD_UPDATES, LOOKALIKES, NAMING, STORED
from installation import ROOT
from installation.cluster import KubectlError, wait

HERE = "api-objects"  # the namespace


@pytest.fixture(scope="module")
def api(cluster):
    api = Api(cluster)
    api.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HERE}})
    yield api
    cluster.kubectl("delete", "namespace", HERE, "--wait=false")


class Api:
    """The API server as kubectl shows it; with a dry run it checks all and stores nothing."""

    def __init__(self, cluster):
        self.cluster = cluster

    def create(self, kind, spec, name="ada"):
        made = json.dumps(thing(kind, spec, name))
        return json.loads(self.cluster.kubectl("create", "--dry-run=server", "--validate=strict", "--output=json", "-f", "-", stdin=made))

    def patch(self, name, spec):
        return self.cluster.kubectl(
            "--namespace", HERE, "patch", "session", name, "--dry-run=server", "--type=merge", f"--patch={json.dumps({'spec': spec})}"
        )

    def answers(self, things):
        """What is said about each of many objects, None for what is accepted; in one call, for kubectl starts slowly.
        It goes on after a refusal, and says one line about each, in order."""
        names = [f"{t['kind'].lower()}.marea.dev/{t['metadata']['name']}" for t in things]
        try:
            accepted, refusals = self.cluster.kubectl(*CREATE_ALL, stdin="\n---\n".join(map(json.dumps, things))).split(), []
        except KubectlError as error:
            accepted, refusals = error.output.split(), re.split(r"^(?=Error from server)", error.said, flags=re.MULTILINE)[1:]
        assert len(accepted) + len(refusals) == len(things), f"accepted {accepted}, refused {refusals}"
        refused = iter(refusals)
        return [None if name in accepted else next(refused) for name in names]


CREATE_ALL = ("create", "--dry-run=server", "--validate=strict", "--output=name", "-f", "-")


def explains(said, field, words):
    """Whether it names the field and says these words about it; rules without words would be shown as CEL."""
    assert said is not None, "it was accepted"
    assert "failed rule" not in said and "evaluation error" not in said, said
    if words == "unknown field":
        return f'unknown field "{field}"' in said
    return re.search(re.escape(field) + ": .*" + re.escape(words), said, re.DOTALL)


def thing(kind, spec, name):
    if spec is None:  # no field of spec, but a status where none is known
        return thing(kind, {}, name) | {"status": {"free": 1}}
    spec = {k: v for k, v in {**LEAST[kind], **spec}.items() if v is not None}
    metadata = {"name": name, **({"namespace": HERE} if kind == SESSION else {})}
    return {"apiVersion": "marea.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def told(kind, field, spec):
    return f"{kind} {field} {json.dumps(spec)[:60]}"


@pytest.fixture(scope="module")
def answers(api):
    return api.answers([thing(kind, spec, f"row-{number}") for number, (kind, _, _, spec) in enumerate(BAD)])


@pytest.mark.parametrize("number", range(len(BAD)), ids=[told(kind, field, spec) for kind, field, _, spec in BAD])
def test_a_bad_object_is_refused(answers, number):
    _, field, words, _ = BAD[number]
    assert explains(answers[number], field, words), f"not about {field}, '{words}':\n{answers[number]}"


@pytest.mark.parametrize("kind, name, words", BAD_NAMES)
def test_a_bad_name_is_refused(api, kind, name, words):
    with pytest.raises(KubectlError, match="metadata.name: ") as refusal:
        api.create(kind, {}, name)
    assert words in str(refusal.value)


def test_look_alikes_are_refused_wherever_something_is_named(api):
    rows = [(kind, field, mark, spec_with(mark)) for kind, field, spec_with in NAMING for mark in ("", *LOOKALIKES.values())]
    answers = api.answers([thing(kind, spec, f"row-{number}") for number, (kind, _, _, spec) in enumerate(rows)])
    for (kind, field, mark, _), said in zip(rows, answers, strict=True):
        if mark:
            assert explains(said, field, ""), f"{kind} {field} with {mark!r}: {said}"
        else:
            assert said is None, f"{kind} {field} without any: {said}"


def test_a_user_may_be_written_in_any_script_but_not_invisibly(api):
    good = ["ada", "Ада", "ada@example.org", "愛田 花", "José"]
    bad = ["ada" + mark for mark in ("\u200b", "\u202e", "\u2028", "\u00a0", "\x7f", "\ufeff", "\ue000")]
    answers = api.answers([thing(SESSION, {"user": user}, f"row-{number}") for number, user in enumerate(good + bad)])
    assert answers[: len(good)] == [None] * len(good)
    for user, said in zip(bad, answers[len(good) :], strict=True):
        assert explains(said, "spec.user", "invisible"), f"{user!r}: {said}"


@pytest.mark.parametrize("kind", LEAST)
def test_the_smallest_object_is_accepted_and_filled_in(api, kind):
    made = api.create(kind, {})["spec"]
    expected = {
        SESSION: {"className": "default", "desiredState": "Running"},
        CLASS: {"defaultDurationSeconds": 28800, "alternativePatienceSeconds": 0, "route": {"type": "None", "scheme": "HTTPS"}},
        DEVICE: {**LEAST[DEVICE], "credits": 1},
        PROJECT: {"weight": 1, "maxPriority": 0},
    }[kind]
    assert {k: made[k] for k in expected} == expected


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_are_accepted(api, path):
    examples = [o for o in yaml.safe_load_all(path.read_text()) if o]
    objects = [thing(o["kind"], o["spec"], "example-" + o["metadata"]["name"]) for o in examples]
    assert api.answers(objects) == [None] * len(objects)


@pytest.mark.parametrize("kind", MOST)
def test_the_largest_object_is_accepted_as_it_is(api, kind):
    made = api.create(kind, MOST[kind])["spec"]
    assert all(made[field] == (with_defaults(kind, field)) for field in MOST[kind]), made
    known = set(schema(kind, "spec")["properties"])
    assert known == set(MOST[kind]), "the largest object has every field"


def with_defaults(kind, field):
    value = copy.deepcopy(MOST[kind][field])
    if (kind, field) == (CLASS, "images"):
        value[1]["pullPolicy"] = "IfNotPresent"
    if (kind, field) == (CLASS, "volumes"):
        value[0]["readOnly"] = True
    return value


@pytest.fixture(scope="module")
def stored(api):
    api.cluster.apply(thing(SESSION, STORED, "stored"))
    return "stored"


@pytest.mark.parametrize("field, words, change", BAD_UPDATES, ids=[told(SESSION, field, change) for field, _, change in BAD_UPDATES])
def test_what_may_not_change_is_refused(api, stored, field, words, change):
    with pytest.raises(KubectlError) as refusal:
        api.patch(stored, change)
    assert explains(str(refusal.value), field, words), refusal.value


@pytest.mark.parametrize("change", GOOD_UPDATES, ids=json.dumps)
def test_what_may_change_is_accepted(api, stored, change):
    api.patch(stored, change)


@pytest.mark.parametrize("field", ["user", "project"])
def test_what_a_session_was_made_without_cannot_be_given_to_it(api, field):
    api.cluster.apply(thing(SESSION, {"desiredState": "Stopped"}, "nobodys"))
    with pytest.raises(KubectlError, match=f"spec.{field}: .*cannot be changed"):
        api.patch("nobodys", {field: "ada"})


def test_a_project_is_no_part_of_itself(api):
    with pytest.raises(KubectlError) as refusal:
        api.create(PROJECT, {"parentName": "vision"}, "vision")
    assert explains(str(refusal.value), "spec.parentName", "cannot be a part of itself"), refusal.value
    api.create(PROJECT, {"parentName": "vision"}, "teaching")


# --- rules that became tighter


def definition(kind):
    return yaml.safe_load((ROOT / "crds" / f"marea.dev_{kind}.yaml").read_text())


def schema(kind, part):
    plural = {SESSION: "sessions", CLASS: "sessionclasses", DEVICE: "acceleratorclasses", PROJECT: "projects"}[kind]
    return definition(plural)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]


def loosened(value):
    """A schema without what came later: bounds, patterns, enums and rules."""
    tight = ("pattern", "x-kubernetes-validations", "minimum", "maximum", "maxLength", "minLength", "enum", "maxItems", "minItems", "maxProperties")
    if isinstance(value, list):
        return [loosened(v) for v in value]
    if not isinstance(value, dict):
        return value
    named = isinstance(value.get("properties"), dict)
    kept = {k: v for k, v in value.items() if not (k in tight and "type" in value or k in tight and "x-kubernetes-int-or-string" in value)}
    return {k: ({n: loosened(f) for n, f in v.items()} if k == "properties" and named else loosened(v)) for k, v in kept.items()}


def early_days():
    """The Session as it may once have been, and as it is: under a name of its own, so that nobody's objects are at stake."""
    tight = definition("sessions")
    tight["metadata"]["name"] = "earlysessions.early.marea.test"
    tight["spec"]["group"] = "early.marea.test"
    tight["spec"]["names"] = {"kind": EARLY_KIND, "plural": "earlysessions"}
    loose = copy.deepcopy(tight)
    version = loose["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"] = loosened(version["schema"]["openAPIV3Schema"])
    return loose, tight


EARLY_KIND = "EarlySession"
# What the rules of today would refuse, in as many fields as they have.
EARLY = {
    "user": "ada ", "project": "Physics", "className": "Large", "image": "lab 1", "resources": {"cpu": "0", "memory": 8}, "durationSeconds": 5,
    "home": {"size": "tiny", "storageClassName": "Fast"}, "volumes": [{"claimName": "Data", "mountPath": "/etc"}],
    "env": [{"name": "LD_PRELOAD", "value": "x"}], "auth": "Hub", "basePath": "ada", "desiredState": "Paused",
    "accelerator": {"alternatives": [{"className": "A100", "count": 0}]}, "run": 0, "priority": 5000,
}


@pytest.fixture
def early(cluster):
    """A kind under loose rules, with a Session stored; `tighten()` brings the rules of today."""
    loose, tight = early_days()
    cluster.apply(loose)
    resource = loose["metadata"]["name"]
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", f"crd/{resource}")
    named = {"apiVersion": "early.marea.test/v1alpha1", "kind": EARLY_KIND, "metadata": {"namespace": "default"}}

    class Early:
        def create(self, name, spec):
            body = named | {"metadata": named["metadata"] | {"name": name}, "spec": spec}
            cluster.kubectl("create", "-f", "-", stdin=json.dumps(body))

        def patch(self, change, *more):
            cluster.kubectl("patch", resource, "old", "--namespace=default", "--type=merge", f"--patch={json.dumps(change)}", *more)

        def tighten(self):
            cluster.apply(tight)

            def is_tight():
                try:
                    self.create("another", {"env": EARLY["env"]})
                except KubectlError as refusal:
                    return "LD_*" in str(refusal)
                cluster.kubectl("delete", resource, "another", "--namespace=default")
                return False

            wait("the rules of today are in force", is_tight, 30)

    def is_served():
        try:
            Early().create("old", EARLY)
            return True
        except KubectlError as refusal:
            assert "NotFound" in str(refusal) or "no matches for kind" in str(refusal) or "not found" in str(refusal), refusal
            return False

    wait("the loose kind is served", is_served, 30)
    yield Early()
    cluster.kubectl("delete", "crd", resource)


def test_what_was_stored_under_looser_rules_lives_on(early):
    """Ratcheting: a value that stays as it is is not judged anew, by schemas and by rules alike."""
    early.tighten()
    early.patch({"status": {"summary": "Stopped", "attempt": 3}}, "--subresource=status")
    early.patch({"metadata": {"labels": {"team": "physics"}}})
    early.patch({"spec": {"credentials": "Required"}})
    early.patch({"spec": {"durationSeconds": 60}})  # one value is put right, the others stay
    early.patch({"spec": {"resources": {"cpu": 2}}})
    for field, change in (
        ("spec.durationSeconds", {"durationSeconds": 5}), ("spec.className", {"className": "Larger"}),
        ("spec.resources.cpu", {"resources": {"cpu": "0.0"}}), ("spec.env[0].name", {"env": [{"name": "LD_AUDIT"}]}),
        ("spec.desiredState", {"desiredState": "Waiting"}), ("spec.priority", {"priority": 5001}), ("spec.project", {"project": "Chemistry"}),
    ):
        with pytest.raises(KubectlError) as refusal:
            early.patch({"spec": change})
        assert explains(str(refusal.value), field, ""), refusal.value
    early.patch({"status": {"summary": "Queued"}}, "--subresource=status")
