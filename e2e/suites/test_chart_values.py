"""What the chart makes of its values: none without an effect, none that is wrong let through. Nothing here needs a cluster."""

import json
import re

import pytest
import yaml
from chart_values import EVERYTHING
from installation.chart import CHART, RELEASE, HelmError, helm, render
from installation.operator import NAMESPACE


def test_every_value_has_its_effect():
    """Each one that can be set changes what is rendered, or names it does not know would be found in the templates."""
    for section, values in EVERYTHING.items():
        off = section in ("serviceMonitor", "prometheusRule", "dashboards")
        for change in changes(values):
            given = {"enabled": True} if off and "enabled" not in change else {}
            plain = render(NAMESPACE, **{section: given})
            assert render(NAMESPACE, **{section: {**given, **change}}) != plain, f"{section} {change} changes nothing"
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    for section, values in defaults.items():
        assert set(values) == set(EVERYTHING[section]) == set(schema[section]["properties"])
    made = [defaults["session"][MADE_OF_VALUES], EVERYTHING["session"][MADE_OF_VALUES], schema["session"]["properties"][MADE_OF_VALUES]["properties"]]
    assert set(made[0]) == set(made[1]) == set(made[2])


MADE_OF_VALUES = "priorityClass"


def changes(values):
    """Each value of a section alone."""
    for name, value in values.items():
        yield from ({name: {part: v}} for part, v in value.items()) if name == MADE_OF_VALUES else ({name: value},)


def priority_class(**values):
    rendered = yaml.safe_load_all(render(NAMESPACE, session={"priorityClass": values}))
    return next((o for o in rendered if o and o["kind"] == "PriorityClass"), None)


def test_sessions_have_the_priority_of_pods_without_a_class():
    """Of 0: so they take the place of batch pods, and of nobody else's."""
    made = priority_class()
    assert (made["metadata"]["name"], made["value"], made["globalDefault"]) == ("marea-session", 0, False)
    assert priority_class(name="notebooks", value=-1000000000)["value"] == -1000000000
    assert priority_class(create=False) is None and priority_class(name="") is None


@pytest.mark.parametrize("values, given", [
    ({}, ["--priority-class=marea-session"]), ({"create": False, "name": "notebooks"}, ["--priority-class=notebooks"]), ({"name": ""}, []),
], ids=str)
def test_the_operator_is_told_of_the_priority_class(values, given):
    rendered = yaml.safe_load_all(render(NAMESPACE, session={"priorityClass": values}))
    [container] = next(o for o in rendered if o and o["kind"] == "Deployment")["spec"]["template"]["spec"]["containers"]
    assert [a for a in container["args"] if a.startswith("--priority-class")] == given


@pytest.mark.parametrize("change, named", [
    ("session.replicas=-1", "/session/replicas"),
    ("session.replicas=two", "/session/replicas"),
    ("session.replica=2", "replica"),
    ("sesion.replicas=2", "sesion"),
    ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
    ("image.tag=a b", "/image/tag"),
    ("image.digest=sha256:12", "/image/digest"),
    ("session.logLevel=loud", "/session/logLevel"),
    ("session.port=80", "/session/port"),
    ("session.resources.limits.memory=lots", "/session/resources/limits/memory"),
    ("session.resources.limit.memory=1Gi", "limit"),
    ("session.podLabels.app\\.kubernetes\\.io/name=other", "/session/podLabels/app.kubernetes.io~1name"),
    ("session.priorityClass.value=2000000000", "/session/priorityClass/value"),
    ("session.priorityClass.value=high", "/session/priorityClass/value"),
    ("session.priorityClass.name=Not_A_Name", "/session/priorityClass/name"),
    ("session.priorityClass.globalDefault=true", "globalDefault"),
    ("session.tolerations[0].effect=Never", "/session/tolerations/0/effect"),
    ("tokenKeys.existingSecret=Not_A_Name", "/tokenKeys/existingSecret"),
    ("networkPolicy.apiServerPorts=null", "/networkPolicy"),
    ("personas.enabled=maybe", "/personas/enabled"),
    ("policies.actas=true", "actas"),
    ("policies.trustedUsers[0]=two words", "/policies/trustedUsers/0"),
    ("crds.install=1", "/crds/install"),
])
def test_a_bad_value_is_refused_by_its_name(change, named):
    with pytest.raises(HelmError, match=re.escape(named)):
        helm("template", RELEASE, CHART, "--set", change)


def test_what_prometheus_and_grafana_read_is_what_the_files_say():
    """Their kinds are those of the Prometheus Operator, which is not here: what is in them is the files."""
    names = {name: EVERYTHING[name] for name in ("serviceMonitor", "prometheusRule", "dashboards")}
    objects = {(o["kind"], o["metadata"]["name"]): o for o in yaml.safe_load_all(render(NAMESPACE, **names)) if o}
    rules = (CHART / "files/prometheus/rules.yaml").read_text().replace("https://marea.dev/runbooks", "https://wiki.example.org/marea")
    assert objects["PrometheusRule", "marea"]["spec"] == yaml.safe_load(rules)
    for path in sorted((CHART / "files/dashboards").glob("*.json")):
        board = objects["ConfigMap", f"marea-dashboard-{path.stem}"]
        assert board["data"] == {path.name: path.read_text()} and board["metadata"]["labels"]["dashboards"] == "yes"
        assert board["metadata"]["annotations"] == {"folder": "ML"}
    monitor, service = objects["ServiceMonitor", "marea-session"], objects["Service", "marea-session"]
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items(), "it must find the Service"
    endpoint = monitor["spec"]["endpoints"][0]
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    assert (endpoint["interval"], endpoint["scheme"], endpoint["tlsConfig"]) == ("2m", "https", {"insecureSkipVerify": True})
    trusted = yaml.safe_load_all(render(NAMESPACE, **names, serving={"tlsSecret": "certificate"}))
    endpoint = next(o for o in trusted if o and o["kind"] == "ServiceMonitor")["spec"]["endpoints"][0]
    assert endpoint["tlsConfig"] == {"ca": {"secret": {"name": "certificate", "key": "ca.crt"}}, "serverName": f"marea-session.{NAMESPACE}.svc"}
