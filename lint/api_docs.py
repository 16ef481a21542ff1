"""docs/api.md: the reference of all kinds and fields, made of crds/. `lint/run --fix` writes it; the check says when it
is not what crds/ say."""

import re

import yaml

from tree import Finding

PATH = "docs/api.md"
HEAD = """\
# The API: `marea.dev/v1alpha1`

What every field means, made of [crds/](../crds) by `lint/run --fix`; `kubectl explain session.spec --recursive` says the same.
Where a field has no default and is not required, it may be left out. `[]` stands for each item of a list, `{}` for each value
of a map.
"""
# What a pattern means, for those that people know by name.
KNOWN = {
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": "a DNS label",
    "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$": "a DNS name",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$": "a host name",
    r"^[0-9]+(\.[0-9]+)?m?$": "",
    r"^[0-9]+(\.[0-9]+)?([kMGTP]|[KMGTP]i)?$": "",
    "^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$": "an absolute path",
}


def check(tree):
    kinds = definitions(tree)
    if not kinds:
        return []
    if (tree.root / PATH).is_file() and tree.read(PATH) == text_of(kinds):
        return []
    return [Finding(PATH, 1, "is not what crds/ say", "run lint/run --fix")]


def fix(tree):
    if kinds := definitions(tree):
        (tree.root / PATH).parent.mkdir(exist_ok=True)
        (tree.root / PATH).write_text(text_of(kinds))


def definitions(tree):
    """The CustomResourceDefinitions: Sessions first, then by name."""
    found = []
    for path in tree.files:
        if path.startswith("crds/") and path.endswith((".yaml", ".yml")):
            found += [d for d in yaml.safe_load_all(tree.read(path)) if d and d.get("kind") == "CustomResourceDefinition"]
    return sorted(found, key=lambda crd: (crd["spec"].get("scope") != "Namespaced", kind_of(crd)))


def kind_of(crd):
    return crd["spec"].get("names", {}).get("kind", "")


def text_of(kinds):
    return HEAD + "".join(kind_text(crd) for crd in kinds)


def kind_text(crd):
    spec = crd["spec"]
    version = spec["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    scope = "In a namespace" if spec.get("scope") == "Namespaced" else "For the whole cluster"
    text = f"\n## {kind_of(crd)}\n\n{one_line(schema.get('description', ''))}\n\n{scope}; `kubectl get {spec['names'].get('plural')}`."
    if selectable := [f"`{s['jsonPath'][1:]}`" for s in version.get("selectableFields", [])]:
        text += f" Field selectors: {', '.join(selectable)}."
    text += "\n"
    if rules := schema.get("x-kubernetes-validations"):
        text += "\n" + rules_text(rules)
    for part in ("spec", "status"):
        if part in schema.get("properties", {}):
            text += part_text(part, schema["properties"][part])
    return text


def part_text(part, schema):
    text = f"\n### {part}\n\n{one_line(schema.get('description', ''))}\n\n"
    if rules := schema.get("x-kubernetes-validations"):
        text += rules_text(rules) + "\n"
    text += "| field | type | meaning |\n|---|---|---|\n"
    return text + "".join(f"| `{path}` | {type_of(field)} | {meaning(field, required)} |\n" for path, field, required in rows(part, schema))


def rules_text(rules):
    return "".join(f"- {rule_text(rule)}\n" for rule in rules)


def rule_text(rule):
    """What it says, after the field it names."""
    field = rule.get("fieldPath", "").removeprefix(".")
    return (f"`{field}`: " if field else "") + one_line(rule.get("message", ""))


def rows(trail, schema):
    """Every field below, in the schema's order: its path, its schema, whether it is required where it stands."""
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        path = f"{trail}.{name}"
        yield path, field, name in required
        while field.get("items") or isinstance(field.get("additionalProperties"), dict):
            path, field = (path + "[]", field["items"]) if field.get("items") else (path + "{}", field["additionalProperties"])
        yield from rows(path, field)


def type_of(field):
    if field.get("x-kubernetes-int-or-string"):
        return "quantity"
    if field.get("items"):
        return f"list of {type_of(field['items'])}s" if not field["items"].get("properties") else "list of objects"
    if field.get("additionalProperties"):
        return "map"
    return {"date-time": "time"}.get(field.get("format"), field.get("type", ""))


def meaning(field, required):
    parts = [one_line(field.get("description", "")), *limits(field, required)]
    parts += [sentence(rule_text(rule)) for rule in field.get("x-kubernetes-validations", [])]
    return " ".join(p for p in parts if p).replace("|", "\\|")


def limits(field, required):
    said = []
    if required:
        said.append("required")
    if field.get("default") not in (None, {}):
        said.append(f"default {code(field['default'])}")
    if "enum" in field:
        said.append("one of " + ", ".join(code(v) for v in field["enum"]))
    if field.get("type") == "integer":
        said.append(f"{field.get('minimum')} to {field.get('maximum')}")
    inner = field.get("items") or field.get("additionalProperties") or field
    if "maxItems" in field or "maxProperties" in field:
        most = field.get("maxItems", field.get("maxProperties"))
        said.append(f"{field['minItems']} to {most} items" if field.get("minItems") else f"at most {most} items")
    if inner.get("type") == "string" and "maxLength" in inner and inner.get("format") != "date-time" and "enum" not in inner:
        said.append(f"at most {inner['maxLength']} characters")
    if pattern := inner.get("pattern"):
        said.append(KNOWN.get(pattern, f"matches {code(pattern)}"))
    said = [s for s in said if s]
    return [f"*{'; '.join(said)}*."] if said else []


def sentence(text):
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def code(value):
    return f"`{value}`"


def one_line(text):
    """Prose of a schema as Markdown that means the same."""
    return re.sub(r"([*<])", r"\\\1", re.sub(r"\s+", " ", text).strip())
