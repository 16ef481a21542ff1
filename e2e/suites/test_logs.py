"""What the operator says of what it does: one line a decision, and at the highest level no secret of anybody's."""

import base64
import json
import re

import pytest
from installation.cluster import wait
from installation.operator import Operator
from team import Team

LINE = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARN|ERROR) [^=]+( [A-Za-z]+=("([^"\\]|\\.)*"|[^ "]+))*$')


@pytest.fixture(scope="module")
def told(cluster, running_operator):
    """An operator at the highest level, and what it said and did for one session with a token and an odd user."""
    running_operator.stop()
    operator = Operator(cluster, name="talkative")
    operator.arguments = ["--log-level=debug"]
    operator.start()
    team = Team(cluster, "logs")
    try:
        team.ask("ada", className="simulated", user='eve" key=forged\\')
        team.ask("plain", className="simulated")
        for name in ("ada", "plain"):
            team.wait_ready(name)
        assert operator.ask("/metrics")[0] == 200
        secrets = {
            "the notebook's": team.token("plain"),
            "the account's": operator.kubeconfig.with_name("kubeconfig.token").read_text(),
            "the scraper's": operator.scraper_token.read_text(),
            "the key": next(iter(operator.key_dir.iterdir())).read_bytes(),
        }
        looked_at = {kind: json.dumps(cluster.get(kind)) for kind in ("sessions", "pods", "events", "services")}
        return operator.log.read_text(), secrets, looked_at
    finally:  # before anybody else is to lead
        team.dissolve()
        operator.stop()
        running_operator.start()


def test_no_secret_is_in_it(told):
    log, secrets, _ = told
    assert len(log.splitlines()) > 20 and " DEBUG " in log
    for whose, secret in secrets.items():
        raw = secret if isinstance(secret, bytes) else secret.strip().encode()
        forms = {raw, base64.b64encode(raw), base64.urlsafe_b64encode(raw).rstrip(b"="), raw.hex().encode()}
        assert not [form for form in forms if form in log.encode()], f"{whose} token stands in the log"


def test_no_secret_is_where_people_look(told):
    _, secrets, looked_at = told
    token = secrets["the notebook's"]
    for kind, text in looked_at.items():
        assert '"logs"' in text, f"no {kind} of the session to look at"
        assert token not in text and base64.b64encode(token.encode()).decode() not in text, kind


def test_each_line_is_one_thing_that_happened(told):
    log, _, _ = told
    odd = [line for line in log.splitlines() if not LINE.match(line)]
    assert not odd
    assert not re.search(r" key=forged", re.sub(r'"([^"\\]|\\.)*"', "", log)), "a user's text became a pair"


def test_each_decision_that_changed_something_has_an_id_an_object_and_a_reason(told):
    log, _, _ = told
    decided = [line for line in log.splitlines() if " decided " in line]
    about_plain = [line for line in decided if "key=logs/plain" in line]
    assert len(about_plain) >= 4
    for line in decided:
        assert re.search(r" id=[a-z]+/\d+ key=\S+ reason=.+ actions=", line), line
    ids = [re.search(r" id=(\S+)", line)[1] for line in decided]
    assert len(set(ids)) == len(ids)


def test_as_json_each_line_is_an_object(cluster, running_operator):
    running_operator.stop()
    operator = Operator(cluster, name="talkative-json")
    operator.arguments = ["--log-format=json"]
    try:
        operator.start()
        wait("it leads", operator.leads, 30)
    finally:
        operator.stop()
        running_operator.start()
    lines = [json.loads(line) for line in operator.log.read_text().splitlines()]
    assert {"started", "leading", "all is listed, deciding"} <= {line["message"] for line in lines}
    assert all(set(line) >= {"time", "level", "message"} for line in lines)
