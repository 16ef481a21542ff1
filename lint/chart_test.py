import json

import chart
import pytest
from tree import Tree

SCHEMA = {
    "additionalProperties": False,
    "properties": {"image": {
        "description": "x", "additionalProperties": False, "properties": {"tag": {"type": "string", "description": "x"}},
    }},
}
ROLE = """{{- if .Values.image.tag }}
kind: ClusterRole
metadata:
  name: {{ .Values.image.tag }}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [list]}
{{- end }}
"""
GOOD = {
    "CMakeLists.txt": "project(marea VERSION 1.2.3 LANGUAGES CXX)\n",
    "crds/a.yaml": "kind: CustomResourceDefinition\n",
    "charts/marea/Chart.yaml": "version: 1.2.3\nappVersion: 1.2.3\n",
    "charts/marea/values.yaml": 'image:\n  tag: ""\n',
    "charts/marea/values.schema.json": json.dumps(SCHEMA),
    "charts/marea/templates/a.yaml": ROLE,
}


def messages(root, link="../../../crds", **changes):
    """Findings in the good chart with some files replaced, by the end of their path."""
    texts = {p: next((t for n, t in changes.items() if p.endswith(n.replace("_", "."))), text) for p, text in GOOD.items()}
    tree = Tree.of_texts(root, texts)
    (root / "charts/marea/files").mkdir()
    (root / "charts/marea/files/crds").symlink_to(link)
    return [f.message for f in chart.check(tree)]


def test_a_good_chart_has_no_findings(tmp_path):
    assert messages(tmp_path) == []


def test_the_chart_bears_the_operators_version(tmp_path):
    assert messages(tmp_path, Chart_yaml="version: 1.2.3\nappVersion: 1.2.2\n") == ["appVersion is 1.2.2, the operator's version 1.2.3"]


def test_kinds_come_from_one_place(tmp_path):
    assert messages(tmp_path, link="templates") == ["is not a link to crds/, so the chart may bring other kinds"]


def test_a_value_must_be_in_the_schema_and_used(tmp_path):
    assert messages(tmp_path, values_yaml='image:\n  tag: ""\n  size: 1\n') == [
        "image.size is not in values.schema.json", "image.size is used by no template",
    ]


def test_a_template_uses_values_that_are_there(tmp_path):
    assert ".Values.image.name is not in values.yaml" in messages(tmp_path, a_yaml=ROLE + "# {{ .Values.image.name }}\n")


@pytest.mark.parametrize("break_it, message", [
    (lambda image: image.pop("additionalProperties"), "image takes unknown values"),
    (lambda image: image["properties"]["tag"].pop("description"), "image.tag has no description"),
])
def test_a_schema_is_strict_and_described(tmp_path, break_it, message):
    schema = json.loads(json.dumps(SCHEMA))
    break_it(schema["properties"]["image"])
    assert messages(tmp_path, values_schema_json=json.dumps(schema)) == [message]


@pytest.mark.parametrize("rule, message", [
    ('{apiGroups: ["*"], resources: [pods], verbs: [list]}', "x: apiGroups has a wildcard"),
    ('{apiGroups: [""], resources: ["pods/*"], verbs: [list]}', "x: resources has a wildcard"),
    ('{apiGroups: [""], resources: [pods], verbs: ["*"]}', "x: verbs has a wildcard"),
    ('{apiGroups: [""], resources: [roles], verbs: [escalate]}', "x may escalate"),
    ('{apiGroups: [""], resources: [roles], verbs: [bind]}', "x may bind"),
    ('{apiGroups: [""], resources: [users], verbs: [impersonate]}', "x may impersonate"),
    ('{apiGroups: [""], resources: [pods/exec], verbs: [create]}', "x has pods/exec"),
    ('{apiGroups: [""], resources: [nodes/proxy], verbs: [get]}', "x has nodes/proxy"),
    ('{apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]}', "x has serviceaccounts/token"),
    ('{apiGroups: [""], resources: [secrets], verbs: [list]}', "x reads Secrets"),
])
def test_rights_that_are_too_wide_are_found(tmp_path, rule, message):
    good = '{apiGroups: [""], resources: [pods], verbs: [list]}'
    assert messages(tmp_path, a_yaml=ROLE.replace(good, rule)) == [message]
