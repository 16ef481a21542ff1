"""Dashboards, alerts and runbooks: Grafana's published rules for dashboards (those of its dashboard linter), an alert for each runbook
and the other way round, and no query that names a metric there is not.

Where a rule of Grafana's asks for variables `job` and `instance`, ours is `namespace`: there is one Marea in a cluster.
"""

import json
import re

import yaml

from tree import Finding

FOLDER = "charts/marea/files/dashboards/"
RULES = "charts/marea/files/prometheus/rules.yaml"
RUNBOOKS = "docs/runbooks/"
METRICS = "docs/metrics.md"
RUNBOOK_URL = "https://marea.dev/runbooks/"
UNITS = {"short", "s", "bytes", "percentunit", "ops", "reqps"}
SEVERITIES = {"info", "warning", "critical"}
RATES = re.compile(r"\b(?:i?rate)\(([^()]|\([^()]*\))*\[([^\]]+)\]")
METRIC = re.compile(r"\b((?:marea|process|controller_runtime|workqueue|rest_client)_[a-z_]+)\b")
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def check(tree):
    kinds = metric_kinds(tree.read(METRICS))
    uids = {}
    findings = []
    for path in sorted(p for p in tree.files if p.startswith(FOLDER)):
        dashboard = json.loads(tree.read(path))
        findings += check_dashboard(path, dashboard)
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                findings += check_panel(path, panel, kinds)
        if (other := uids.setdefault(dashboard["uid"], path)) != path:
            findings.append(Finding(path, 1, f"has the uid of {other}", "give it one of its own, for good"))
    rules = yaml.safe_load(tree.read(RULES))
    pages = {p.removeprefix(RUNBOOKS).removesuffix(".md") for p in tree.files if p.startswith(RUNBOOKS) and p.endswith(".md")} - {"README"}
    return [*findings, *check_rules(rules, pages, kinds)]


def metric_kinds(page):
    """Metric -> kind, from docs/metrics.md."""
    return dict(re.findall(r"^\| `([a-z_]+)` \| (\w+) \|", page, re.M))


def check_dashboard(path, dashboard):
    """What Grafana wants of the whole."""
    def finding(what, remedy):
        return Finding(path, 1, what, remedy)

    variables = {v["name"]: v for v in dashboard["templating"]["list"]}
    if variables.get("datasource", {}).get("query") != "prometheus":
        yield finding("no variable `datasource` for a Prometheus", "template-datasource-rule")
    if "namespace" not in variables:
        yield finding("no variable `namespace`", "people must be able to tell releases apart")
    for variable in variables.values():
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield finding(f"variable {variable['name']} is not read anew when the time changes", "refresh: 2 (template-on-time-change-reload-rule)")
    if dashboard["editable"]:
        yield finding("can be edited in Grafana, and the change would be lost", "editable: false (uneditable-dashboard-rule)")
    if dashboard["schemaVersion"] != 39:
        yield finding(f"schemaVersion {dashboard['schemaVersion']}", "39: what older Grafanas read and newer ones migrate")
    if not any(link["type"] == "dashboards" for link in dashboard["links"]):
        yield finding("no links to its siblings", "links of type dashboards with the tag marea")
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(set(ids)) != len(ids):
        yield finding("two panels have one id", "number them")


def check_panel(path, panel, kinds):
    def finding(what, remedy):
        return Finding(path, 1, f"panel {panel['title'] or panel['id']!r}: {what}", remedy)

    if not panel["title"].strip() or not panel.get("description", "").strip():
        yield finding("no title or no description", "panel-title-description-rule")
    if panel["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
        yield finding("its data source is not the variable's", "panel-datasource-rule")
    if (unit := panel["fieldConfig"]["defaults"].get("unit")) not in UNITS:
        yield finding(f"unit {unit!r}", f"one of {', '.join(sorted(UNITS))} (panel-units-rule)")
    if not panel.get("targets"):
        yield finding("no query", "panel-no-targets-rule")
    for target in panel.get("targets", ()):
        expr = target["expr"]
        if 'namespace=~"$namespace"' not in expr:
            yield finding(f"`{expr}` does not look at $namespace", "add the matcher (template-label-promql-rule)")
        for rate in RATES.finditer(expr):
            if rate[2] != "$__rate_interval":
                yield finding(f"a rate over [{rate[2]}]", "$__rate_interval, or increase() where the span is meant (target-rate-interval-rule)")
        for name, what in check_metrics(expr, kinds):
            yield finding(f"{name} {what}", "see docs/metrics.md (target-counter-agg-rule)")


def check_metrics(expr, kinds):
    """Every metric is there, and of a counter or histogram only the change is looked at."""
    for found in METRIC.finditer(expr):
        name = found[1]
        if found.start() and expr[found.start() - 1] == ":" or expr[found.end():found.end() + 1] == ":":
            continue  # of a recording rule
        kind = kinds.get(name) or (kinds.get(SUFFIX.sub("", name)) if SUFFIX.search(name) else None)
        if kind is None:
            yield name, "is no metric of Marea's"
        elif kind != "gauge" and not re.search(r"(rate|increase)\($", expr[:found.start()]):
            yield name, f"is a {kind}, and is read without rate() or increase()"


def check_rules(rules, pages, kinds):
    def finding(what, remedy):
        return Finding(RULES, 1, what, remedy)

    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        for name, what in check_metrics(rule["expr"], kinds):
            yield finding(f"{rule.get('alert') or rule['record']}: {name} {what}", "see docs/metrics.md")
    for rule in alerts:
        name, notes = rule["alert"], rule.get("annotations", {})
        if rule.get("labels", {}).get("severity") not in SEVERITIES:
            yield finding(f"{name} has no severity", f"one of {', '.join(sorted(SEVERITIES))}")
        if not notes.get("summary") or not notes.get("description"):
            yield finding(f"{name} has no summary or no description", "what is wrong, and what it means for people")
        if notes.get("runbook_url") != RUNBOOK_URL + name or name not in pages:
            yield finding(f"{name} has no runbook", f"{RUNBOOKS}{name}.md, and runbook_url: {RUNBOOK_URL}{name}")
    for page in sorted(pages - {rule["alert"] for rule in alerts}):
        yield Finding(f"{RUNBOOKS}{page}.md", 1, "is a runbook for no alert", "delete it, or write the alert")
