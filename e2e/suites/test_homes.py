"""Homes: they stay, they pin who shares them, and nobody gets another's."""

from installation.cluster import wait
from team import condition, told

SIMULATED = {"className": "simulated"}


def home(team, name, user, mode="ReadWriteOnce"):
    return {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": team.name, "annotations": {"marea.dev/user": user}},
        "spec": {"accessModes": [mode], "resources": {"requests": {"storage": "10Mi"}}},
    }  # fmt: skip


def on(accelerator):
    return {**SIMULATED, "user": "ada", "home": {"claimName": "mine"}, "accelerator": {"alternatives": [{"className": accelerator}]}}


def test_a_home_for_one_node_pins_the_next_session_of_its_user(cluster, team):
    cluster.apply(home(team, "mine", "ada"))
    team.ask("first", **on("a30"))
    first = team.wait_ready("first")
    team.ask("second", **on("a30"))
    assert team.wait_ready("second")["nodeName"] == first["nodeName"], "the home is mounted there"
    team.ask("third", **on("rtx5000"))
    waiting = team.wait_for("third", "waits for the home", lambda s: s.get("queue", {}).get("reason") == "HomeInUse")
    assert first["nodeName"] in waiting["queue"]["message"], told(waiting)
    team.kubectl("delete", "session", "first", "second")
    team.wait_ready("third")


def test_another_users_claim_is_not_mounted(cluster, team):
    cluster.apply(home(team, "theirs", "bob"))
    team.ask("ada", **SIMULATED, user="ada", home={"claimName": "theirs"})
    status = team.wait_for("ada", "is refused", lambda s: condition(s, "Accepted").get("reason") == "ClaimNotYours")
    assert team.get("pod", "ada") is None, told(status)


def test_a_home_outlives_its_sessions_and_a_size_that_cannot_be_had_costs_nothing(team):
    team.ask("ada", **SIMULATED, user="ada")
    claim = team.wait_ready("ada")["homeClaimName"]
    team.change("ada", home={"size": "5Gi"})
    status = team.wait_for("ada", "says that the home cannot grow", lambda s: "grow" in condition(s, "HomeReady").get("message", ""))
    assert "StorageClass" in condition(status, "HomeReady")["message"] and status["summary"] == "Ready", told(status)
    team.kubectl("delete", "session", "ada")
    team.wait_gone("pod", "ada")
    assert team.get("persistentvolumeclaim", claim)["metadata"].get("deletionTimestamp") is None


def test_a_home_grows_where_its_storage_can(cluster, team):
    name = f"elastic-{team.name}"
    cluster.apply({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}, "allowVolumeExpansion": True,
        "provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer",
    })  # fmt: skip
    try:
        team.ask("ada", **SIMULATED, user="ada", home={"size": "10Mi", "storageClassName": name})
        claim = team.wait_ready("ada")["homeClaimName"]
        team.change("ada", home={"size": "20Mi"})

        def asked():
            return team.get("persistentvolumeclaim", claim)["spec"]["resources"]["requests"]["storage"] == "20Mi"

        wait("the claim asks for the new size", asked, 30)
    finally:
        cluster.kubectl("delete", "storageclass", name)
