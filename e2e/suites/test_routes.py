"""Routes in front of sessions: the API server takes them as they are written, and they go with their sessions."""

import copy

import catalogue
import pytest
from installation.cluster import wait

INGRESS = {"type": "Ingress", "hostname": "lab.example.org", "ingress": {"className": "nginx", "annotations": {"proxy-read-timeout": "3600"}}}
GATEWAY = {"type": "HTTPRoute", "hostname": "lab.example.org", "gateway": {"name": "public", "namespace": "gateways"}}


@pytest.fixture
def routed(cluster, team):
    def make(route):
        thing = copy.deepcopy(next(o for o in catalogue.objects() if o["metadata"]["name"] == "simulated"))
        thing["metadata"]["name"] = team.name
        thing["spec"]["route"] = route
        cluster.apply(thing)
        return team.name

    yield make
    cluster.kubectl("delete", "sessionclass", team.name, "--ignore-not-found")


@pytest.mark.parametrize(("route", "kind"), [(INGRESS, "ingress"), (GATEWAY, "httproute")], ids=["Ingress", "HTTPRoute"])
def test_a_route_leads_to_its_session_and_goes_with_it(team, routed, route, kind):
    team.ask("ada", className=routed(route))
    path = f"/session/{team.name}/ada/"
    assert team.wait_ready("ada")["url"] == f"https://lab.example.org{path}"
    assert path in str(team.get(kind, "ada")["spec"])
    team.kubectl("delete", "session", "ada")
    team.wait_gone(kind, "ada")


def test_a_class_that_changes_its_route_changes_it_at_the_next_attempt(team, routed):
    team.ask("ada", className=routed(INGRESS))
    before = team.wait_ready("ada")
    routed(GATEWAY)
    pending = team.wait_for("ada", "says what waits", lambda s: s.get("pendingChange"))
    assert pending["url"] == before["url"] and pending["podName"]
    team.change("ada", run=2)
    team.wait_for("ada", "runs again", lambda s: s.get("run") == 2 and s.get("summary") == "Ready")
    wait("the Ingress has made room", lambda: team.get("ingress", "ada") is None and team.get("httproute", "ada"), 30)


def test_a_real_notebook_answers_under_its_own_path(cluster, team):
    thing = copy.deepcopy(next(o for o in catalogue.objects() if o["metadata"]["name"] == "default"))
    thing["metadata"]["name"] = team.name
    thing["spec"]["route"] = {**INGRESS, "scheme": "HTTP"}
    cluster.apply(thing)
    try:
        team.ask("ada", className=team.name)
        status = team.wait_ready("ada")  # its readiness probe asks below that path
        assert status["url"] == f"http://lab.example.org/session/{team.name}/ada/"
    finally:
        cluster.kubectl("delete", "sessionclass", team.name)
