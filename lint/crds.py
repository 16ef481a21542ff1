"""CustomResourceDefinitions: every field described and bounded, names and enums by convention, columns that fit."""

import re

import yaml

from tree import Finding

COLUMNS = 80
GAP = 3  # kubectl's padding between columns
NAME_WIDTH = 16  # a usual session name; names may be longer
TEXT_WIDTH = 12  # a usual class, node or user name
URL_WIDTH = 26  # http://10.123.123.123:8888/
WIDTH_OF_TYPE = {"date": 5, "boolean": 5, "integer": 5, "number": 5}

CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*")
FIELD_NAME = re.compile(r"[a-z][A-Za-z0-9]*")
OTHER_DURATION = re.compile(r"(Duration|Timeout|Period|Interval|Minutes|Hours|Days|Millis|Secs|Second)$")
OTHER_INSTANT = re.compile(r"(Timestamp|At|Date)$")


def check(tree):
    findings = []
    for path in tree.files:
        if path.startswith("crds/") and path.endswith((".yaml", ".yml")):
            findings += check_file(path, tree.read(path))
    return findings


def check_file(path, text):
    findings = []
    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        crd = Node(path, document)
        if crd.text("kind") != "CustomResourceDefinition":
            findings.append(crd.finding("only CustomResourceDefinitions live in crds/", "move it"))
            continue
        for version in crd.at("spec", "versions").items():
            schema = version.at("schema", "openAPIV3Schema")
            if not schema.text("description"):
                findings.append(schema.finding("the kind has no description", "say what it is for: `kubectl explain` shows it"))
            findings += check_fields(schema, at_root=True)
            findings += check_columns(version, schema)
    return findings


class Node:
    """A place in a YAML file that knows its line. Missing keys give an absent node, which is empty."""

    def __init__(self, path, node, line=1):
        self.path, self.node = path, node
        self.line = node.start_mark.line + 1 if node else line

    def __bool__(self):
        return self.node is not None

    def at(self, *keys):
        here = self
        for key in keys:
            here = dict(here.fields()).get(key) or Node(self.path, None, here.line)
        return here

    def fields(self):
        if isinstance(self.node, yaml.MappingNode):
            # A field is reported on the line of its name.
            return [(k.value, Node(self.path, v)._on(k.start_mark.line + 1)) for k, v in self.node.value]
        return []

    def items(self):
        return [Node(self.path, n) for n in self.node.value] if isinstance(self.node, yaml.SequenceNode) else []

    def text(self, *keys):
        found = self.at(*keys).node
        return found.value if isinstance(found, yaml.ScalarNode) else None

    def finding(self, message, remedy):
        return Finding(self.path, self.line, message, remedy)

    def _on(self, line):
        self.line = line
        return self


def check_fields(schema, at_root=False, trail=""):
    for name, field in schema.at("properties").fields():
        if at_root and name in ("apiVersion", "kind", "metadata"):
            continue
        here = f"{trail}.{name}" if trail else name
        if not field.text("description"):
            yield field.finding(f"{here} has no description", "say what it means, in which unit")
        yield from check_name(name, here, field)
        yield from check_value(here, field)


def check_value(here, field):
    kind = field.text("type")
    if field.text("x-kubernetes-preserve-unknown-fields") == "true":
        yield field.finding(f"{here} keeps unknown fields", "name its fields")
    if field.text("x-kubernetes-int-or-string") == "true" or kind == "string":
        if not (field.at("enum") or field.at("maxLength") or field.text("format") == "date-time"):
            yield field.finding(f"{here} is an unbounded string", "give it maxLength")
    elif kind in ("integer", "number"):
        if not (field.at("enum") or field.at("minimum") and field.at("maximum")):
            yield field.finding(f"{here} is an unbounded number", "give it minimum and maximum")
    elif kind == "array":
        if not field.at("maxItems"):
            yield field.finding(f"{here} is an unbounded list", "give it maxItems")
        yield from check_value(here + "[]", field.at("items"))
    elif kind == "object":
        values = field.at("additionalProperties")
        if values:
            if not field.at("maxProperties"):
                yield field.finding(f"{here} is an unbounded map", "give it maxProperties")
            yield from check_value(here + "{}", values)
        elif not field.at("properties"):
            yield field.finding(f"{here} is an object without fields", "name its fields")
        yield from check_fields(field, trail=here)
    elif kind != "boolean":
        yield field.finding(f"{here} has no type", "give it a type")
    for value in field.at("enum").items():
        if not CAMEL.fullmatch(value.node.value):
            yield value.finding(f"{here}: enum value '{value.node.value}' is not CamelCase", "write it as in 'UserRequest'")


def check_name(name, here, field):
    kind, form = field.text("type"), field.text("format")
    if not FIELD_NAME.fullmatch(name):
        yield field.finding(f"{here} is not lowerCamelCase", "rename it")
    if name.endswith("Seconds") and kind != "integer":
        yield field.finding(f"{here} is a duration but no integer", "type: integer")
    if name.endswith("Time") and (kind, form) != ("string", "date-time"):
        yield field.finding(f"{here} is an instant but no date-time", "type: string, format: date-time")
    if form == "date-time" and not name.endswith("Time") and name != "time":
        yield field.finding(f"{here} is an instant without …Time", "end its name in Time")
    if OTHER_DURATION.search(name) and kind in ("integer", "number", "string"):
        yield field.finding(f"{here} names a duration without its unit", "durations are integers whose name ends in Seconds")
    if OTHER_INSTANT.search(name) and kind in ("integer", "number", "string"):
        yield field.finding(f"{here} names an instant", "instants end in Time")


def check_columns(version, schema):
    columns = version.at("additionalPrinterColumns")
    narrow = [c for c in columns.items() if c.text("priority") in (None, "0")]
    total = NAME_WIDTH + sum(GAP + column_width(c, schema) for c in narrow)
    if total > COLUMNS:
        yield columns.finding(f"the print columns take about {total} of {COLUMNS} characters", "give some priority: 1 (-o wide)")
    for column in columns.items():
        if not column.text("description"):
            yield column.finding(f"column {column.text('name')} has no description", "say what it shows")
    for column in narrow:
        field = follow(schema, column.text("jsonPath") or "")
        long = column.text("type") == "string" and field and int(field.text("maxLength") or 0) > 253
        if long and not is_url(column):
            yield column.finding(f"column {column.text('name')} shows free text", "give it priority: 1 (-o wide)")


def is_url(column):
    return (column.text("jsonPath") or "").lower().endswith("url")


def column_width(column, schema):
    field = follow(schema, column.text("jsonPath") or "")
    widths = [WIDTH_OF_TYPE.get(column.text("type"), TEXT_WIDTH)]
    if field is not None and field.at("enum"):
        widths = [len(v.node.value) for v in field.at("enum").items()]
    elif field is not None and column.text("type") == "string":
        widths = [URL_WIDTH if is_url(column) else min(int(field.text("maxLength") or TEXT_WIDTH), TEXT_WIDTH)]
    return max(len(column.text("name") or ""), *widths)


def follow(schema, json_path):
    """The schema of '.status.url'; None for metadata and for paths with filters."""
    here = schema
    for step in json_path.strip(".").split("."):
        name, _, index = step.partition("[")
        here = here.at("properties", name)
        if index:
            here = here.at("items")
        if not here:
            return None
    return here
