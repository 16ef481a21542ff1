#!/usr/bin/env python3
"""Makes the Grafana dashboards of charts/marea/files/dashboards. Usage: charts/dashboards.py [--check]

A dashboard is rows of panels; a panel is a title, a sentence, a unit and queries. What Grafana wants besides (places, ids,
variables, links) is put in here, the same for all. --check: nothing is written, and the exit status is 1 when a file differs.
"""

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "marea" / "files" / "dashboards"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24  # Grafana's columns
HERE = 'namespace=~"$namespace"'
OF_PROJECT = f'{HERE}, project=~"$project"'


def main():
    stale = []
    for name, dashboard in DASHBOARDS.items():
        path, text = FOLDER / f"{name}.json", json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"
        if path.exists() and path.read_text() == text:
            continue
        stale.append(path.name)
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    if stale and "--check" in sys.argv:
        sys.exit(f"not what charts/dashboards.py makes: {', '.join(stale)}; run it")


def platform():
    """Demand, queue, devices, waits, stops."""
    return dashboard("marea-platform", "Marea / Platform", "Who asks for what, who has it, who waits, and how sessions end.", [
        row("Now", 4, [
            stat("Ready", "Sessions whose JupyterLab answers.", f'sum(marea_sessions{{{HERE}, summary="Ready"}})'),
            stat("Starting", "Sessions that have their place and do not answer yet.", f'sum(marea_sessions{{{HERE}, summary="Starting"}})'),
            stat("Queued", "Sessions that wait for a place.", f'sum(marea_sessions{{{HERE}, summary="Queued"}})', warn=1),
            stat("A person must act", "Sessions that are stalled: `kubectl marea why` tells what for.",
                 f"sum(marea_sessions_stalled{{{HERE}}}) or vector(0)", warn=1),
            stat("Free devices", "Devices on nodes that are ready which nobody has.", f"sum(marea_accelerator_free{{{HERE}}})"),
            stat("Longest wait", "How long the session that has waited longest has waited.", f"max(marea_queue_oldest_seconds{{{HERE}}})", "s", warn=3600),
        ]),
        row("Demand and queue", 8, [
            series("Devices asked for", "Devices that runs asked for first, within ten minutes: about what a machine takes to come.",
                   [(f"sum by (accelerator_class) (increase(marea_accelerator_requests_total{{{HERE}}}[10m]))", "{{accelerator_class}}")], stack=True),
            series("Sessions that wait, by reason", "What waiting sessions wait for. docs/troubles.md explains the reasons.",
                   [(f"sum by (accelerator_class, reason) (marea_sessions_queued{{{HERE}}})", "{{accelerator_class}}: {{reason}}")], stack=True),
            series("Demand that is not met", "Devices for sessions that wait for a device and nothing else.",
                   [(f"sum by (accelerator_class) (marea_accelerator_unmet{{{HERE}}})", "{{accelerator_class}}")], stack=True),
        ]),
        row("Devices", 8, [
            series("Utilisation", "Devices that somebody has, of those on nodes that are ready.",
                   [(f"sum by (accelerator_class) (marea_accelerator_allocated{{{HERE}}}) / (sum by (accelerator_class) (marea_accelerator_capacity{{{HERE}}}) > 0)",
                     "{{accelerator_class}}")], "percentunit", top=1),
            series("Devices that are allocated", "By class; the dashed line is what there is.",
                   [(f"sum by (accelerator_class) (marea_accelerator_allocated{{{HERE}}})", "{{accelerator_class}}"),
                    (f"sum by (accelerator_class) (marea_accelerator_capacity{{{HERE}}})", "{{accelerator_class}} there are")], dashed=".* there are"),
            table("Devices now", "What there is of each class, who has it and who asks for it.", "accelerator_class", [
                ("capacity", f"sum by (accelerator_class) (marea_accelerator_capacity{{{HERE}}})"),
                ("allocated", f"sum by (accelerator_class) (marea_accelerator_allocated{{{HERE}}})"),
                ("free", f"sum by (accelerator_class) (marea_accelerator_free{{{HERE}}})"),
                ("queued", f"sum by (accelerator_class) (marea_accelerator_queued{{{HERE}}})"),
                ("nodes", f"sum by (accelerator_class) (marea_accelerator_nodes{{{HERE}}})"),
                ("not ready", f"sum by (accelerator_class) (marea_accelerator_nodes_unready{{{HERE}}})"),
            ]),
        ]),
        row("Waits", 8, [
            series("Time of each stage, median", "Half of the starts of the last hour took at most this: in the queue, until scheduled, for volumes and image, until JupyterLab answered.",
                   [(f"histogram_quantile(0.5, sum by (stage, le) (increase(marea_session_stage_seconds_bucket{{{HERE}}}[1h])))", "{{stage}}")], "s"),
            series("Time of each stage, 95 %", "One of twenty starts of the last hour took longer than this.",
                   [(f"histogram_quantile(0.95, sum by (stage, le) (increase(marea_session_stage_seconds_bucket{{{HERE}}}[1h])))", "{{stage}}")], "s"),
            series("Starts", "Sessions that became Ready, an hour, by the device they got.",
                   [(f"sum by (accelerator_class) (rate(marea_session_starts_total{{{HERE}}}[$__rate_interval])) * 3600", "{{accelerator_class}}")], stack=True),
        ]),
        row("Ends", 8, [
            series("Ends", "Runs that ended, an hour, by reason.",
                   [(f"sum by (reason) (rate(marea_session_stops_total{{{HERE}}}[$__rate_interval])) * 3600", "{{reason}}")], stack=True),
            series("Attempts that came to nothing", "An hour: pods that were lost, places the scheduler refused. They are made again by themselves.",
                   [(f"sum by (cause) (rate(marea_session_retries_total{{{HERE}}}[$__rate_interval])) * 3600", "{{cause}}")], stack=True),
            series("Sessions by state", "Of all classes together.",
                   [(f"sum by (summary) (marea_sessions{{{HERE}}})", "{{summary}}")], stack=True),
        ]),
    ])


def operator():
    """The health of Marea itself."""
    ours = f'{HERE}, job=~".*marea.*"'
    return dashboard("marea-operator", "Marea / Operator", "Whether Marea itself is well: who leads, what it hears, how fast it decides, what it costs.", [
        row("Now", 4, [
            stat("Replicas", "Replicas that are scraped.", f"count(marea_build_info{{{HERE}}})"),
            stat("Leaders", "Replicas that say that they lead. One is right.", f"sum(marea_leader{{{HERE}}})", right=1),
            stat("Oldest sign of life", "Of all watches: how long the quietest has said nothing.", f"max(marea_watch_age_seconds{{{HERE}}})", "s", warn=180),
            stat("Keys that are due", "Sessions and classes that a decision is owed.", f"sum(workqueue_depth{{{ours}}})"),
            stat("Writes that fail", "Of the actions of the last ten minutes.",
                 f"sum(increase(marea_failed_actions_total{{{HERE}}}[10m])) / (sum(increase(marea_actions_total{{{HERE}}}[10m])) > 0) or vector(0)", "percentunit", warn=0.2),
            stat("Memory", "Resident, of the largest replica.", f"max(process_resident_memory_bytes{{{ours}}})", "bytes"),
        ]),
        row("Decisions", 8, [
            series("Decisions", "A second, by controller and how they ended. An error means that the key was held back.",
                   [(f"sum by (controller, result) (rate(controller_runtime_reconcile_total{{{ours}}}[$__rate_interval]))", "{{controller}}: {{result}}")], "ops"),
            series("Time of a decision, 99 %", "Processor time of deciding alone, without the writes that follow.",
                   [(f"histogram_quantile(0.99, sum by (controller, le) (rate(marea_decision_seconds_bucket{{{HERE}}}[$__rate_interval])))", "{{controller}}")], "s"),
            series("Time of placement, 99 %", "Of a full pass over who waits, and of the look at one session that came when nobody else could be placed.",
                   [(f"histogram_quantile(0.99, sum by (le) (rate(marea_placement_pass_seconds_bucket{{{HERE}}}[$__rate_interval])))", "pass"),
                    (f"histogram_quantile(0.99, sum by (le) (rate(marea_placement_arrival_seconds_bucket{{{HERE}}}[$__rate_interval])))", "arrival")], "s"),
        ]),
        row("Queue", 8, [
            series("Keys", "Due now, and waiting for a time.",
                   [(f"sum by (name) (workqueue_depth{{{ours}}})", "{{name}} due"), (f"sum by (name) (marea_workqueue_waiting{{{HERE}}})", "{{name}} waiting")]),
            series("Wait for a decision, 99 %", "From a change until its key is decided.",
                   [(f"histogram_quantile(0.99, sum by (name, le) (rate(workqueue_queue_duration_seconds_bucket{{{ours}}}[$__rate_interval])))", "{{name}}")], "s"),
            series("Decision and writes, 99 %", "From a decision to the last answer to its writes.",
                   [(f"histogram_quantile(0.99, sum by (controller, le) (rate(controller_runtime_reconcile_time_seconds_bucket{{{ours}}}[$__rate_interval])))", "{{controller}}")], "s"),
        ]),
        row("The API server", 8, [
            series("Requests", "A second, by status. `<error>` is a request without an answer.",
                   [(f"sum by (code) (rate(rest_client_requests_total{{{ours}}}[$__rate_interval]))", "{{code}}")], "reqps", stack=True),
            series("Time of a request, 99 %", "By verb; of a watch until its first byte.",
                   [(f"histogram_quantile(0.99, sum by (verb, le) (rate(rest_client_request_duration_seconds_bucket{{{ours}}}[$__rate_interval])))", "{{verb}}")], "s"),
            series("Writes that fail", "A second, by controller.",
                   [(f"sum by (controller) (rate(marea_failed_actions_total{{{HERE}}}[$__rate_interval]))", "{{controller}}")], "ops"),
        ]),
        row("What it knows", 8, [
            series("Silence of the watches", "Time since the last page, event or bookmark. A watch that says nothing for two minutes is begun anew.",
                   [(f"max by (resource) (marea_watch_age_seconds{{{HERE}}})", "{{resource}}")], "s"),
            series("Objects", "Held in memory, of the largest replica.", [(f"max by (resource) (marea_cache_objects{{{HERE}}})", "{{resource}}")]),
            series("What should not be", "Objects that cannot be read, and times that the API server went back in time, in an hour.",
                   [(f"sum(increase(marea_watch_undecodable_total{{{HERE}}}[1h]))", "cannot be read"),
                    (f"sum(increase(marea_watch_epochs_total{{{HERE}}}[1h]))", "went back in time")]),
        ]),
        row("What it costs", 8, [
            series("Memory", "Resident, by replica.", [(f"process_resident_memory_bytes{{{ours}}}", "{{instance}}")], "bytes"),
            series("Processor", "Cores, by replica.", [(f"rate(process_cpu_seconds_total{{{ours}}}[$__rate_interval])", "{{instance}}")]),
            series("File descriptors", "Open, by replica.", [(f"process_open_fds{{{ours}}}", "{{instance}}")]),
        ]),
    ])


def projects():
    """What each Project was promised, has, lends and waits for."""
    def by_class(metric):
        return f"sum by (project, accelerator_class) ({metric}{{{OF_PROJECT}}})"

    def by_share(metric):
        return f'sum by (share) (label_join({metric}{{{OF_PROJECT}}}, "share", ": ", "project", "accelerator_class"))'

    both = "{{project}}: {{accelerator_class}}"
    own = f"sum by (project) (marea_project_used_credit_seconds{{{OF_PROJECT}}})"
    return dashboard("marea-projects", "Marea / Projects", "What each Project was promised, what it has, what it borrows, who waits, and whose turn it is.", [
        row("Now", 4, [
            stat("Guarantees after boot", "Guarantees of a class which could be had only when more machines were up.",
                 f"count(marea_project_guarantee_now{{{OF_PROJECT}}} == 0) or vector(0)", warn=1),
            stat("Wait within their guarantee", "Projects that wait for a class and have less of it than they were promised.",
                 f"count(marea_project_queued{{{OF_PROJECT}}} > 0 and marea_project_guaranteed{{{OF_PROJECT}}} > marea_project_used{{{OF_PROJECT}}}) or vector(0)", warn=1),
            stat("Projects that wait", "Those with sessions that wait, theirs or their parts'.",
                 f"count(sum by (project) (marea_project_queued{{{OF_PROJECT}}}) > 0) or vector(0)"),
            stat("Projects that borrow", "Those that hold more of a class than they were promised.",
                 f"count(sum by (project) (marea_project_borrowed{{{OF_PROJECT}}}) > 0) or vector(0)"),
        ]),
        row("Shares", 10, [
            table("Shares now", "Devices by Project and class, with the Project's parts; of cpu, sessions. Without a guarantee: nobody was promised any of the class.", "share", [
                ("guaranteed", by_share("marea_project_guaranteed")),
                ("used", by_share("marea_project_used")),
                ("borrowed", by_share("marea_project_borrowed")),
                ("waiting", by_share("marea_project_queued")),
                ("guarantee", by_share("marea_project_guarantee_now")),
            ], heading="project: class", words={"guarantee": {"0": "AfterBoot", "1": "Now"}}),
        ]),
        row("Use", 8, [
            series("Devices that are used", "With the Project's parts. The dashed line is what it was promised.",
                   [(by_class("marea_project_used"), both), (by_class("marea_project_guaranteed"), f"{both} guaranteed")], dashed=".* guaranteed"),
            series("Devices that are borrowed", "Of those, what is beyond the guarantee: others lend it.", [(by_class("marea_project_borrowed"), both)]),
            series("Use of the guarantee", "Above 100 % the Project borrows; below, it lends what it does not use.",
                   [(f'{by_class("marea_project_used")} / ({by_class("marea_project_guaranteed")} > 0)', both)], "percentunit"),
        ]),
        row("Who waits", 8, [
            series("Devices that are waited for", "What waiting sessions ask for first, with the Project's parts.", [(by_class("marea_project_queued"), both)]),
            series("Sessions that wait for their Project", "Whose Project, or whose user there, has as much as it may: docs/projects.md. Of all Projects.",
                   [(f'sum by (accelerator_class, reason) (marea_sessions_queued{{{HERE}, reason=~"ProjectLimit|UserLimit|ClassNotAllowed"}})',
                     "{{accelerator_class}}: {{reason}}")], stack=True),
            series("Guarantees now", "1 when what the Project does not use of its guarantee could be had from devices that are online, 0 when only after a boot.",
                   [(f"min by (project, accelerator_class) (marea_project_guarantee_now{{{OF_PROJECT}}})", both)], top=1),
        ]),
        row("Fair share", 8, [
            series("Credits that are held", "By the Project's own sessions: each device counts the credits of its class.",
                   [(f"sum by (project) (marea_project_held_credits{{{OF_PROJECT}}})", "{{project}}")], stack=True),
            series("Credit-hours that were used", "By the Project's own sessions, half of it forgotten in every week. Who has used least for its weight goes first.",
                   [(f"{own} / 3600", "{{project}}")]),
            series("Share of what was used", "The Project's own sessions, of those of all that are shown, half forgotten in every week. To be compared with the weights.",
                   [(f"{own} / on() group_left() (sum({own}) > 0)", "{{project}}")], "percentunit", stack=True, top=1),
        ]),
    ], [variable("project", "Project", "marea_project_held_credits")])


DASHBOARDS = {"platform": platform, "operator": operator, "projects": projects}


# What Grafana wants.

def dashboard(uid, title, description, rows, more_variables=()):
    panels, top = [], 0
    for heading, height, members in rows:
        panels.append({"type": "row", "title": heading, "collapsed": False, "panels": [], "gridPos": place(0, top, WIDTH, 1)})
        top += 1
        width = WIDTH // len(members)
        for number, panel in enumerate(members):
            panels.append({**panel, "gridPos": place(number * width, top, width, height)})
        top += height
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    return {
        "uid": uid, "title": title, "description": description, "tags": ["marea"], "schemaVersion": 39, "version": 1, "editable": False,
        "graphTooltip": 1, "refresh": "30s", "timezone": "browser", "time": {"from": "now-6h", "to": "now"}, "weekStart": "", "fiscalYearStartMonth": 0,
        "annotations": {"list": []}, "links": [siblings()], "templating": {"list": [*variables(), *more_variables]}, "panels": panels,
    }


def place(x, y, w, h):
    return {"x": x, "y": y, "w": w, "h": h}


def siblings():
    return {
        "type": "dashboards", "tags": ["marea"], "title": "Marea", "asDropdown": True, "includeVars": True, "keepTime": True, "targetBlank": False,
        "icon": "external link", "tooltip": "", "url": "",
    }


def variables():
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {"text": "default", "value": "default"},
         "hide": 0, "includeAll": False, "multi": False, "options": [], "refresh": 1, "regex": "", "skipUrlSync": False},
        variable("namespace", "Namespace", "marea_build_info"),
    ]


def variable(label, name, metric):
    """The values of a label of a metric, all of them at first."""
    values = f"label_values({metric}, {label})"
    return {
        "name": label, "label": name, "type": "query", "datasource": SOURCE, "definition": values,
        "query": {"query": values, "refId": label}, "current": {"text": "All", "value": "$__all"}, "allValue": ".*",
        "hide": 0, "includeAll": True, "multi": True, "options": [], "refresh": 2, "regex": "", "skipUrlSync": False, "sort": 1,
    }


def row(title, height, panels):
    return title, height, panels


def panel(kind, title, description, unit, targets, defaults, options, overrides=()):
    return {
        "type": kind, "title": title, "description": description, "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": unit, **defaults}, "overrides": list(overrides)}, "options": options, "targets": targets,
    }


def target(letter, expr, legend, instant=False):
    return {"refId": letter, "datasource": SOURCE, "expr": expr, "legendFormat": legend, "instant": instant, "range": not instant, "editorMode": "code"}


def steps(*values):
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in values]}


def stat(title, description, expr, unit="short", warn=None, right=None):
    """`warn`: orange from this value on; `right`: green at this value alone."""
    thresholds = steps(("text", None))
    if warn is not None:
        thresholds = steps(("green", None), ("orange", warn))
    if right is not None:
        thresholds = steps(("red", None), ("green", right), ("red", right + 1))
    return panel("stat", title, description, unit, [target("A", expr, title, instant=True)], {"thresholds": thresholds, "color": {"mode": "thresholds"}, "mappings": []}, {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value", "graphMode": "none", "justifyMode": "auto",
        "textMode": "value", "orientation": "auto", "wideLayout": True,
    })


def series(title, description, queries, unit="short", stack=False, top=None, dashed=None):
    defaults = {
        "min": 0, "color": {"mode": "palette-classic"}, "mappings": [], "thresholds": steps(("text", None)),
        "custom": {
            "drawStyle": "line", "lineWidth": 1, "fillOpacity": 30 if stack else 8, "showPoints": "never", "spanNulls": False, "lineInterpolation": "linear",
            "stacking": {"mode": "normal" if stack else "none", "group": "A"}, "axisPlacement": "auto", "axisLabel": "", "scaleDistribution": {"type": "linear"},
            "thresholdsStyle": {"mode": "off"}, "hideFrom": {"legend": False, "tooltip": False, "viz": False},
        },
        **({"max": top} if top is not None else {}),
    }
    overrides = [] if dashed is None else [{
        "matcher": {"id": "byRegexp", "options": dashed},
        "properties": [{"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [6, 6]}}, {"id": "custom.fillOpacity", "value": 0}],
    }]
    targets = [target(chr(ord("A") + number), expr, legend) for number, (expr, legend) in enumerate(queries)]
    return panel("timeseries", title, description, unit, targets, defaults, {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}, "tooltip": {"mode": "multi", "sort": "desc"},
    }, overrides)


def table(title, description, label, columns, heading="class", words=None):
    """One line for each value of the label, one column for each query. `words`: by column, what its numbers mean."""
    letters = [chr(ord("A") + number) for number in range(len(columns))]
    targets = [{**target(letter, expr, "", instant=True), "format": "table"} for letter, (_, expr) in zip(letters, columns, strict=True)]
    order = {label: 0, **{f"Value #{letter}": number for number, letter in enumerate(letters, 1)}}
    names = {f"Value #{letter}": name for letter, (name, _) in zip(letters, columns, strict=True)}
    overrides = [{
        "matcher": {"id": "byName", "options": column},
        "properties": [{"id": "mappings", "value": [{"type": "value", "options": {value: {"text": text} for value, text in said.items()}}]}],
    } for column, said in (words or {}).items()]
    made = panel("table", title, description, "short", targets, {
        "color": {"mode": "thresholds"}, "mappings": [], "thresholds": steps(("text", None)), "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False},
    }, {"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""}}, overrides)
    made["transformations"] = [
        {"id": "joinByField", "options": {"byField": label, "mode": "outer"}},
        {"id": "organize", "options": {"excludeByName": {"Time": True, **{f"Time {n}": True for n in range(1, len(columns) + 1)}}, "indexByName": order,
                                       "renameByName": {label: heading, **names}}},
    ]
    return made


if __name__ == "__main__":
    main()
