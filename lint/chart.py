"""The Helm chart: one version, one source of kinds, values that are described and used, and rights that are not too wide."""

import json
import os
import re

import yaml

from crds import Node
from tree import Finding

CHART = "charts/marea/"
KINDS = CHART + "files/crds"
BANNED_VERBS = {"escalate", "bind", "impersonate"}
BANNED_RESOURCES = {
    "pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "nodes/proxy", "services/proxy", "pods/proxy",
    "serviceaccounts/token",
}
READS = {"get", "list", "watch"}


def check(tree):
    templates = {p: tree.read(p) for p in tree.files if p.startswith(CHART + "templates/") and p.endswith((".yaml", ".tpl", ".txt"))}
    findings = [*check_versions(tree), *check_kinds(tree), *check_values(tree, templates)]
    for path, text in templates.items():
        if path.endswith(".yaml"):
            findings += check_objects(path, text)
    return findings


def check_versions(tree):
    """The chart is released with the operator."""
    operator = re.search(r"project\(marea VERSION ([0-9.]+)", tree.read("CMakeLists.txt"))[1]
    chart = Node(CHART + "Chart.yaml", yaml.compose(tree.read(CHART + "Chart.yaml"), Loader=yaml.SafeLoader))
    for key in ("version", "appVersion"):
        if chart.text(key) != operator:
            yield chart.at(key).finding(f"{key} is {chart.text(key)}, the operator's version {operator}", f"{key}: {operator}")


def check_kinds(tree):
    """The chart's kinds are the files of crds/ themselves."""
    folder = tree.root / KINDS
    if not folder.is_symlink() or folder.resolve() != (tree.root / "crds").resolve():
        remedy = f"ln -s {os.path.relpath('crds', os.path.dirname(KINDS))} {KINDS}"
        yield Finding(KINDS, 1, "is not a link to crds/, so the chart may bring other kinds", remedy)


def check_values(tree, templates):
    """values.yaml and values.schema.json name the same, the schema describes it and admits nothing else, templates use it."""
    path, schema_path = CHART + "values.yaml", CHART + "values.schema.json"
    values = Node(path, yaml.compose(tree.read(path), Loader=yaml.SafeLoader))
    schema = json.loads(tree.read(schema_path))
    known = {}
    for section, field in values.fields():
        for name, value in field.fields():
            known[f"{section}.{name}"] = value
            if name not in schema["properties"].get(section, {}).get("properties", {}):
                yield value.finding(f"{section}.{name} is not in values.schema.json", "describe and bound it there")
    for trail, message in check_schema(schema):
        yield Finding(schema_path, 1, f"{trail or 'the whole'} {message}", "values are described, and unknown ones refused")
    used = set()
    for file, text in templates.items():
        for number, line in enumerate(text.split("\n"), 1):
            for name in re.findall(r"\.Values\.(\w+\.\w+)", line):
                used.add(name)
                if name not in known:
                    yield Finding(file, number, f".Values.{name} is not in values.yaml", "give it a default there")
    for name in sorted(set(known) - used):
        yield known[name].finding(f"{name} is used by no template", "use it, or take it out")


def check_schema(schema, trail=""):
    for name, field in schema.get("properties", {}).items():
        if field is False or name == "global":
            continue
        here = f"{trail}.{name}".strip(".")
        if "description" not in field and "$ref" not in field:
            yield here, "has no description"
        yield from check_schema(field, here)
    if "properties" in schema and "additionalProperties" not in schema and "$ref" not in schema:
        yield trail, "takes unknown values"
    for name, definition in schema.get("$defs", {}).items():
        yield from check_schema(definition, name)


def check_objects(path, text):
    for document in yaml.compose_all(without_actions(text), Loader=yaml.SafeLoader):
        found = Node(path, document)
        if found.text("kind") in ("Role", "ClusterRole"):
            for rule in found.at("rules").items():
                yield from check_rule(found.text("metadata", "name"), rule)


def check_rule(role, rule):
    def listed(key):
        return {item.node.value for item in rule.at(key).items()}

    verbs, resources = listed("verbs"), listed("resources")
    for key in ("apiGroups", "resources", "verbs", "nonResourceURLs", "resourceNames"):
        if any("*" in value for value in listed(key)):
            yield rule.finding(f"{role}: {key} has a wildcard", "name what is meant")
    for verb in sorted(verbs & BANNED_VERBS):
        yield rule.finding(f"{role} may {verb}", "nobody of Marea needs that")
    for resource in sorted(resources & BANNED_RESOURCES):
        yield rule.finding(f"{role} has {resource}", "nobody of Marea needs that")
    if "secrets" in resources and verbs & READS:
        yield rule.finding(f"{role} reads Secrets", "make and delete those that can be named")


def without_actions(text):
    """A template as YAML of the same lines: comments and lines of control go, what is filled in becomes x."""
    text = re.sub(r"\{\{-? ?/\*.*?\*/ ?-?\}\}", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    text = re.sub(r"^[ ]*\{\{.*\}\}[ ]*$", "", text, flags=re.MULTILINE)
    return re.sub(r"\{\{.*?\}\}", "x", text)
