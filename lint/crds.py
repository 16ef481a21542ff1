"""CustomResourceDefinitions: every field described and bounded, names and enums by convention, columns that fit, and
docs/api.md, which is made of them."""

import re

import api_docs
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

CATEGORY = "marea"
SELECTABLE = ("user", "project", "summary", "nodeName")  # of a status, where it has them
# What a list without a type means to server-side apply is for nobody to guess.
LIST_TYPES = ("atomic", "map", "set")
CONDITION = {
    "type": "string", "status": "string", "reason": "string", "message": "string", "observedGeneration": "integer",
    "lastTransitionTime": "string",
}
# The one reference that leaves its namespace: a Gateway says itself whose routes it takes.
GATEWAY = re.compile(r"(^|\.)gateway\.namespace$")


def check(tree):
    findings = []
    conditions = None  # those of the first kind that has any
    for path in tree.files:
        if path.startswith("crds/") and path.endswith((".yaml", ".yml")):
            text = tree.read(path)
            findings += check_file(path, text)
            for here in conditions_of(path, text):
                conditions = conditions or here
                if here.at("items").plain() != conditions.at("items").plain():
                    findings.append(here.finding(f"conditions are not those of {conditions.path}", "write them alike"))
    return findings + api_docs.check(tree)


def check_file(path, text):
    findings = []
    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        crd = Node(path, document)
        if crd.text("kind") != "CustomResourceDefinition":
            findings.append(crd.finding("only CustomResourceDefinitions live in crds/", "move it"))
            continue
        findings += check_names(crd.at("spec", "names"))
        for version in crd.at("spec", "versions").items():
            schema = version.at("schema", "openAPIV3Schema")
            if not schema.text("description"):
                findings.append(schema.finding("the kind has no description", "say what it is for: `kubectl explain` shows it"))
            findings += check_sentence("the kind", schema)
            findings += check_rules("the kind", schema)
            findings += check_status(version, schema)
            findings += check_fields(schema, at_root=True)
            findings += check_columns(version, schema)
    return findings


def conditions_of(path, text):
    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        for version in Node(path, document).at("spec", "versions").items():
            if here := version.at("schema", "openAPIV3Schema", "properties", "status", "properties", "conditions"):
                yield here


def check_names(names):
    kind = names.text("kind") or ""
    if names.text("listKind") != kind + "List":
        yield names.finding(f"listKind is not {kind}List", "write it out")
    if names.text("singular") != kind.lower():
        yield names.finding(f"singular is not {kind.lower()}", "write it out")
    if CATEGORY not in [c.node.value for c in names.at("categories").items()]:
        yield names.finding(f"it is not of the category {CATEGORY}", f"categories: [{CATEGORY}], so that `kubectl get {CATEGORY}` lists it")


def check_status(version, schema):
    """The subresource, the selectable fields, the conditions: a kind has all of them or no status at all."""
    status = schema.at("properties", "status")
    if bool(status) != bool(version.at("subresources", "status")):
        yield version.finding("status and the status subresource do not go together", "have both or neither")
    wanted = {f".status.{name}" for name in SELECTABLE if status.at("properties", name)}
    given = {s.text("jsonPath") for s in version.at("selectableFields").items()}
    if wanted != given:
        listed = ", ".join(sorted(wanted)) or "none"
        yield version.finding(f"the selectable fields are not those of the convention: {listed}", "list exactly these")
    conditions = status.at("properties", "conditions")
    if status and not conditions:
        yield status.finding("the status has no conditions", "conditions are the contract")
    if conditions:
        kinds = {name: field.text("type") for name, field in conditions.at("items", "properties").fields()}
        keys = [k.node.value for k in conditions.at("x-kubernetes-list-map-keys").items()]
        if kinds != CONDITION or keys != ["type"]:
            yield conditions.finding("conditions are not as metav1.Condition, by type", f"a map by type of {', '.join(CONDITION)}")


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

    def plain(self):
        """Its value, all scalars as text."""
        if isinstance(self.node, yaml.MappingNode):
            return {name: field.plain() for name, field in self.fields()}
        if isinstance(self.node, yaml.SequenceNode):
            return [item.plain() for item in self.items()]
        return self.text()

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


def check_sentence(here, field):
    said = field.text("description")
    if said and not said.rstrip().endswith("."):
        yield field.finding(f"the description of {here} has no full stop", "end it as a sentence")


def check_rules(here, field):
    for rule in field.at("x-kubernetes-validations").items():
        if not rule.text("message") and not rule.text("messageExpression"):
            yield rule.finding(f"a rule of {here} has no message", "say what is wrong and what to do: people cannot read CEL")


def check_value(here, field):
    kind = field.text("type")
    yield from check_sentence(here, field)
    yield from check_rules(here, field)
    yield from check_default(here, field)
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
        if field.text("x-kubernetes-list-type") not in LIST_TYPES:
            yield field.finding(f"{here} has no list type", f"x-kubernetes-list-type: {', '.join(LIST_TYPES)}")
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


def check_default(here, field):
    """Bounds that leave something, and a default that is within them."""
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
        if field.at(low) and field.at(high) and float(field.text(low)) > float(field.text(high)):
            yield field.finding(f"{here}: {low} is above {high}", "let something through")
    default = field.at("default")
    if not default:
        return
    if why := outside(default, field):
        yield default.finding(f"the default of {here} {why}", "the API server would refuse what it fills in itself")


def outside(default, field):
    """Why a default is not a value of its field; None when it is one."""
    value, kind = yaml.safe_load(yaml.serialize(default.node)), field.text("type")
    either = field.text("x-kubernetes-int-or-string") == "true"
    types = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list}
    wanted = (int, str) if either else types.get(kind, object)
    if not isinstance(value, wanted) or isinstance(value, bool) and kind != "boolean":
        return f"is no {'integer or string' if either else kind}"
    if field.at("enum") and str(value) not in [v.node.value for v in field.at("enum").items()]:
        return "is not in its enum"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if field.at("minimum") and value < float(field.text("minimum")) or field.at("maximum") and value > float(field.text("maximum")):
            return "is outside its bounds"
    if isinstance(value, str):
        if not int(field.text("minLength") or 0) <= len(value) <= int(field.text("maxLength") or len(value)):
            return "is outside its lengths"
        if field.at("pattern") and not re.search(field.text("pattern"), value):
            return "does not match its pattern"
    if isinstance(value, dict):
        known = {name for name, _ in field.at("properties").fields()}
        if extra := sorted(set(value) - known):
            return f"has fields it does not know: {', '.join(extra)}"
    return None


def check_name(name, here, field):
    kind, form = field.text("type"), field.text("format")
    if (name == "namespace" or name.endswith("Namespace")) and not GATEWAY.search(here):
        yield field.finding(f"{here} refers to another namespace", "references stay in the object's own namespace")
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
