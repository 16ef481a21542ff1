"""What a real Prometheus gets of the running operator, over TLS and with an account's token; that every panel of every dashboard
has something to show, and that the rules work on it."""

import re
import subprocess
import time

import prometheus as monitoring
import pytest
from installation import ROOT
from installation.cluster import wait
from installation.operator import NAMESPACE
from team import Team, condition

SIMULATED = {"className": "simulated"}
DIVIDED = {**SIMULATED, "accelerator": {"alternatives": [{"className": "rtx5000"}]}}
SHOWN_SECONDS = 60


@pytest.fixture(scope="module")
def watched(cluster, running_operator):
    running_operator.start()
    watched = monitoring.Prometheus(cluster.processes, cluster.directory / "prometheus")
    watched.start(running_operator)
    yield watched
    watched.stop()


@pytest.fixture(scope="module")
def day(cluster, watched):
    """A bit of everything: starts, ends, who waits, who needs a person, a pod that is lost."""
    team = Team(cluster, f"metrics-{int(time.time())}")
    everything = {"accelerator": {"alternatives": [{"className": "mig-7g-40gb", "count": 4}]}}
    team.ask("waits", **SIMULATED, **everything)
    team.ask("stuck", **SIMULATED, accelerator={"alternatives": [{"className": "not-offered"}]})
    team.ask("ada", "bob", "cleo", **SIMULATED)
    for name in ("ada", "bob", "cleo"):
        team.wait_ready(name)
    team.change("ada", desiredState="Stopped")
    team.kubectl("delete", "pod", "bob", "--wait=false")
    team.wait_stopped("ada")
    team.wait_for("bob", "is back after its pod was lost", lambda s: s.get("retries") == 1 and s.get("summary") == "Ready")
    team.wait_for("waits", "waits", lambda s: s.get("queue", {}).get("reason"))
    team.wait_for("stuck", "needs a person", lambda s: condition(s, "Stalled").get("status") == "True")
    yield team
    team.dissolve()


@pytest.fixture(scope="module")
def shared(cluster, day):
    """A Project that holds what it was promised, borrows, and has somebody who waits for it."""
    team = Team(cluster, f"{day.name}-shared")
    project = {"namespaces": [team.name], "guarantees": [{"className": "rtx5000", "count": 1}]}
    cluster.apply({"apiVersion": "marea.dev/v1alpha1", "kind": "Project", "metadata": {"name": team.name}, "spec": project})
    wait("the Project is counted", lambda: (cluster.get("project", team.name) or {}).get("status", {}).get("classes"), 30)
    team.ask("promised", **DIVIDED)
    team.wait_ready("promised")
    team.ask("lent", **DIVIDED, preemptible=True)
    assert team.wait_ready("lent")["admission"]["kind"] == "Borrowed"
    team.ask("waits", **DIVIDED)
    team.wait_for("waits", "waits for its Project", lambda s: s.get("queue", {}).get("reason") == "ProjectLimit")
    wait("who waits is counted", lambda: cluster.get("project", team.name)["status"].get("waiting") == 1, 30)
    yield team
    team.dissolve()
    cluster.kubectl("delete", "project", team.name)


@pytest.fixture(scope="module")
def page(running_operator, day, shared):
    status, text = running_operator.ask("/metrics")
    assert status == 200
    return text


def test_who_may_read_the_metrics(cluster, running_operator, tmp_path):
    assert running_operator.ask("/metrics")[0] == 200
    assert running_operator.ask("/metrics", token="")[0] == 401
    assert running_operator.ask("/metrics", token="abc.def.ghi")[0] == 401
    cluster.write_kubeconfig(f"{NAMESPACE}/default", tmp_path / "default")
    status, said = running_operator.ask("/metrics", token=(tmp_path / "default.token").read_text())
    assert (status, "marea-metrics-reader" in said) == (403, True)
    for path in ("/livez", "/readyz"):
        assert running_operator.ask(path, token="")[0] == 200


def test_promtool_finds_nothing_to_say(page):
    done = subprocess.run([monitoring.programs() / "promtool", "check", "metrics"], input=page, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_what_is_documented_is_there_and_the_other_way_round(page):
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs" / "metrics.md").read_text(), re.M))
    assert set(re.findall(r"^# TYPE (\S+)", page, re.M)) == documented - {"marea_session_info"}


def test_no_session_and_no_user_is_named(page, day):
    unnamed = re.sub(r'project="[^"]*"', "", page)  # that one is an administrator's name
    assert day.name not in unnamed and '"ada"' not in page


def test_sessions_are_counted(page):
    for line in (
        'marea_sessions{session_class="simulated",summary="Stopped"} ',
        'marea_sessions_queued{accelerator_class="mig-7g-40gb",reason="NoSuchShape"} 1',
        'marea_sessions_stalled{session_class="simulated",reason="AcceleratorNotInClass"} 1',
        'marea_accelerator_unmet{accelerator_class="mig-7g-40gb"} 4',
        'marea_leader{lease="session"} 1',
    ):
        assert f"\n{line}" in page


def test_projects_are_counted(page, shared):
    of = f'project="{shared.name}"'
    for line in (
        f'marea_project_guaranteed{{{of},accelerator_class="rtx5000"}} 1',
        f'marea_project_guarantee_now{{{of},accelerator_class="rtx5000"}} 1',
        f'marea_project_used{{{of},accelerator_class="rtx5000"}} 2',
        f'marea_project_borrowed{{{of},accelerator_class="rtx5000"}} 1',
        f'marea_project_queued{{{of},accelerator_class="rtx5000"}} 1',
        f"marea_project_held_credits{{{of}}} 2",
        f"marea_project_used_credit_seconds{{{of}}} ",
        'marea_sessions_queued{accelerator_class="rtx5000",reason="ProjectLimit"} 1',
    ):
        assert f"\n{line}" in page


@pytest.fixture(scope="module")
def shown(watched, day, shared):
    """Grafana's queries need a minute of scrapes; a bit goes on meanwhile."""
    end = time.monotonic() + 20
    number = 0
    while time.monotonic() < end:
        day.ask(f"more-{number}", **SIMULATED)
        number += 1
        time.sleep(2)
    return watched


@pytest.mark.parametrize("dashboard, panel, expr", monitoring.targets(), ids=lambda value: re.sub(r"[^A-Za-z0-9]+", "-", value)[:40])
def test_every_panel_has_something_to_show(shown, dashboard, panel, expr):
    assert shown.series(expr, SHOWN_SECONDS, 5), f"{dashboard}, {panel}: nothing for {monitoring.filled(expr)}"


def test_the_rules_work_on_real_series(watched, shown):
    rules = [rule for group in watched.ask("rules")["groups"] for rule in group["rules"]]
    assert rules
    assert not [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"]
    for rule in rules:
        if rule["type"] == "recording":
            assert watched.ask("query", query=rule["name"])["result"] or "api_errors" in rule["name"], rule["name"]

    def alerts():
        return {alert["labels"]["alertname"] for alert in watched.ask("alerts")["alerts"]}

    wait("the sessions that need a person are about to be told of", lambda: "MareaSessionsStalled" in alerts(), 30)
    assert "MareaNotDeciding" not in alerts()
