"""What the check of dashboards, alerts and runbooks finds; and promtool's tests of the rules themselves."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import dashboards

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "e2e" / "prometheus"))
import prometheus  # noqa: E402

KINDS = {"marea_sessions": "gauge", "marea_session_stops_total": "counter", "marea_session_stage_seconds": "histogram"}
PLATFORM = json.loads((ROOT / dashboards.FOLDER / "platform.json").read_text())


def said(findings):
    return " ".join(f"{f}" for f in findings)


@pytest.mark.parametrize("path, value, complaint", [
    (("editable",), True, "uneditable-dashboard-rule"),
    (("schemaVersion",), 41, "schemaVersion 41"),
    (("links",), [], "siblings"),
    (("templating", "list", 0, "query"), "loki", "template-datasource-rule"),
    (("templating", "list", 1, "refresh"), 1, "template-on-time-change-reload-rule"),
    (("panels", 1, "id"), 1, "one id"),
])
def test_a_dashboard_is_as_grafana_wants_it(path, value, complaint):
    broken = copy.deepcopy(PLATFORM)
    at = broken
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert not said(dashboards.check_dashboard("x", PLATFORM))
    assert complaint in said(dashboards.check_dashboard("x", broken))


@pytest.mark.parametrize("change, complaint", [
    ({"title": " "}, "panel-title-description-rule"),
    ({"description": ""}, "panel-title-description-rule"),
    ({"datasource": {"type": "prometheus", "uid": "abc"}}, "panel-datasource-rule"),
    ({"fieldConfig": {"defaults": {}}}, "panel-units-rule"),
    ({"targets": []}, "panel-no-targets-rule"),
    ({"targets": [{"expr": "sum(marea_sessions)"}]}, "template-label-promql-rule"),
    ({"targets": [{"expr": 'sum(rate(marea_session_stops_total{namespace=~"$namespace"}[5m]))'}]}, "target-rate-interval-rule"),
    ({"targets": [{"expr": 'sum(marea_session_stops_total{namespace=~"$namespace"})'}]}, "target-counter-agg-rule"),
    ({"targets": [{"expr": 'sum(marea_nothing{namespace=~"$namespace"})'}]}, "is no metric"),
])
def test_a_panel_is_as_grafana_wants_it(change, complaint):
    good = {
        "id": 1, "title": "Ends", "description": "By reason.", "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "fieldConfig": {"defaults": {"unit": "short"}},
        "targets": [{"expr": 'histogram_quantile(0.5, sum by (le) (rate(marea_session_stage_seconds_bucket{namespace=~"$namespace"}[$__rate_interval])))'}],
    }
    assert not said(dashboards.check_panel("x", good, KINDS))
    assert complaint in said(dashboards.check_panel("x", {**good, **change}, KINDS))


@pytest.mark.parametrize("change, complaint", [
    ({"labels": {}}, "severity"),
    ({"annotations": {"runbook_url": "https://marea.dev/runbooks/MareaX"}}, "no summary"),
    ({"annotations": {"summary": "s", "description": "d", "runbook_url": "https://marea.dev/runbooks/Other"}}, "no runbook"),
    ({"alert": "MareaY"}, "no runbook"),
    ({"expr": "marea_nothing > 1"}, "is no metric"),
])
def test_an_alert_has_what_people_need(change, complaint):
    good = {
        "alert": "MareaX", "expr": "marea_sessions > 1", "labels": {"severity": "info"},
        "annotations": {"summary": "s", "description": "d", "runbook_url": "https://marea.dev/runbooks/MareaX"},
    }

    def check(rule):
        return said(dashboards.check_rules({"groups": [{"rules": [rule]}]}, {"MareaX"}, KINDS))

    assert not check(good)
    assert complaint in check({**good, **change})


def test_a_runbook_without_its_alert_is_found():
    assert "for no alert" in said(dashboards.check_rules({"groups": []}, {"MareaX"}, KINDS))


def test_the_dashboards_are_what_their_source_makes():
    subprocess.run([sys.executable, ROOT / "charts" / "dashboards.py", "--check"], check=True)


def test_the_rules_say_what_they_should():
    """By promtool, on series that are made up."""
    done = subprocess.run(
        [prometheus.programs() / "promtool", "test", "rules", ROOT / "e2e" / "prometheus" / "rules_test.yaml"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_in_a_test():
    tested = (ROOT / "e2e" / "prometheus" / "rules_test.yaml").read_text()
    rules = yaml.safe_load((ROOT / dashboards.RULES).read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule):
        assert f'alertname="{rule["alert"]}", alertstate="firing"' in tested or f"alertname: {rule['alert']}\n" in tested, rule["alert"]


def test_every_query_is_promql(tmp_path):
    rules = [{"record": f"panel:{number}", "expr": prometheus.filled(expr)} for number, (_, _, expr) in enumerate(prometheus.targets())]
    path = tmp_path / "queries.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run([prometheus.programs() / "promtool", "check", "rules", "--lint=none", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
