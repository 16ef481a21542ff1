"""What a kubectl user expects of any kind: explain, get, describe, wait, delete."""

import pytest
from installation.cluster import KubectlError

SPEC = {"className": "simulated", "accelerator": {"alternatives": [{"className": "a100"}]}}


def test_explain_tells_what_every_field_is_for(team):
    told = team.kubectl("explain", "session.spec.accelerator.alternatives", "--recursive")
    assert "className" in told and "count" in told
    assert "DESCRIPTION:" in team.kubectl("explain", "session.spec.durationSeconds")
    for kind in ("sessions", "sessionclasses", "acceleratorclasses", "projects"):
        assert "<no description>" not in team.kubectl("explain", kind, "--recursive=false")


def test_get_fits_a_terminal_and_wide_tells_more(team):
    team.ask("ada", "grace", **SPEC)
    status = team.wait_ready("ada")
    narrow = team.kubectl("get", "sessions").splitlines()
    wide = team.kubectl("get", "sessions", "--output=wide").splitlines()
    assert max(map(len, narrow)) <= 80, "\n".join(narrow)
    ada = next(line for line in narrow if line.startswith("ada "))
    assert "Ready" in ada.split() and "a100" in ada.split() and status["url"] in ada
    assert set(narrow[0].split()) < set(wide[0].split())
    assert status["nodeName"] in next(line for line in wide if line.startswith("ada ")).split()
    assert "ada" in team.kubectl("get", "marea", "--output=name"), "the category `marea` lists sessions"
    assert team.kubectl("get", "sessions", "--field-selector=status.summary=Stopped", "--output=name") == ""


def test_get_projects_fits_a_terminal_and_wide_tells_more(team):
    physics = {"apiVersion": "marea.dev/v1alpha1", "kind": "Project", "metadata": {"name": "physics"}, "spec": {"weight": 3}}
    vision = {**physics, "metadata": {"name": "vision"}, "spec": {"parentName": "physics", "namespaces": [team.name]}}
    team.cluster.apply(physics, vision)
    try:
        narrow = team.kubectl("get", "projects").splitlines()
        wide = team.kubectl("get", "projects", "--output=wide").splitlines()
        assert max(map(len, narrow)) <= 80, "\n".join(narrow)
        assert {"PARENT", "SESSIONS", "WAITING", "GUARANTEE"} < set(narrow[0].split()) < set(wide[0].split())
        assert "physics" in next(line for line in narrow if line.startswith("vision ")).split()
        assert "3" in next(line for line in wide if line.startswith("physics ")).split()
        assert "project.marea.dev/vision" in team.kubectl("get", "marea", "--output=name").split(), "the category `marea` lists projects"
    finally:
        team.kubectl("delete", "project", "physics", "vision")


def test_describe_shows_conditions_and_events(team):
    team.ask("ada", **SPEC)
    team.wait_ready("ada")
    told = team.kubectl("describe", "session", "ada")
    for kind in ("Accepted", "Admitted", "HomeReady", "Scheduled", "Ready"):
        assert kind in told.split(), f"no condition {kind} in:\n{told}"
    events = told.partition("\nEvents:")[2]
    assert "marea" in events, f"no event of Marea in:\n{told}"


def test_wait_returns_when_the_session_is_ready(team):
    team.ask("ada", **SPEC)
    team.kubectl("wait", "--for=condition=Ready", "session/ada", "--timeout=120s", seconds=130)
    assert team.status("ada")["url"]


def test_delete_takes_everything_but_the_home(team):
    team.ask("ada", user="ada", **SPEC)
    status = team.wait_ready("ada")
    home = team.get("persistentvolumeclaim", "claim-ada")
    team.kubectl("delete", "session", "ada", "--timeout=60s", seconds=70)
    team.wait_gone("pod", "ada")
    team.wait_gone("service", "ada")
    team.wait_gone("secret", status["tokenSecretName"])
    kept = team.get("persistentvolumeclaim", "claim-ada")
    assert kept and kept["metadata"]["uid"] == home["metadata"]["uid"]
    assert "deletionTimestamp" not in kept["metadata"]

    team.ask("ada", user="ada", **SPEC)
    assert team.wait_ready("ada")["homeClaimName"] == "claim-ada"
    assert team.get("persistentvolumeclaim", "claim-ada")["metadata"]["uid"] == home["metadata"]["uid"]


@pytest.mark.parametrize(
    "spec, told",
    [
        ({"durationSeconds": -1}, "durationSeconds"),
        ({"accelerator": {"alternatives": []}}, "alternatives"),
        ({"desiredState": "Paused"}, "desiredState"),
        ({"podSpec": {}}, "podSpec"),
        ({"env": [{"name": "LD_PRELOAD", "value": "x"}]}, "LD_"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_wrong_manifest_is_refused_by_name(team, spec, told):
    with pytest.raises(KubectlError, match=told):
        team.ask("ada", **spec)
