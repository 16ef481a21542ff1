import api_docs
import crds
import pytest
import yaml
from tree import Tree

GOOD_FIELD = {"type": "string", "maxLength": 63, "description": "A name."}


NAMES = {"kind": "Thing", "listKind": "ThingList", "plural": "things", "singular": "thing", "categories": ["marea"]}
CONDITION_FIELDS = {
    name: {"type": kind, "description": "x.", "maxLength": 64, "minimum": 0, "maximum": 9} for name, kind in crds.CONDITION.items()
}
CONDITION_FIELDS["lastTransitionTime"]["format"] = "date-time"
CONDITIONS = {
    "type": "array", "description": "x.", "maxItems": 9, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
    "items": {"type": "object", "description": "x.", "properties": CONDITION_FIELDS},
}


def crd(fields, columns=(), names=NAMES, **version):
    schema = {"type": "object", "description": "A thing.", "properties": {"kind": {"type": "string"}, **fields}}
    version = {"name": "v1", "schema": {"openAPIV3Schema": schema}, "additionalPrinterColumns": list(columns), **version}
    return yaml.dump(
        {"kind": "CustomResourceDefinition", "spec": {"names": names, "versions": [version]}}, sort_keys=False, Dumper=Plainly
    )


class Plainly(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def with_status(*names, **version):
    fields = {name: GOOD_FIELD for name in names}
    status = {"type": "object", "description": "x.", "properties": {**fields, "conditions": CONDITIONS}}
    return crd({"status": status}, **{"subresources": {"status": {}}, **version})


def messages(text):
    return [f.message for f in crds.check_file("crds/a.yaml", text)]


def test_a_good_schema_has_no_findings():
    fields = {
        "className": GOOD_FIELD,
        "durationSeconds": {"type": "integer", "minimum": 60, "maximum": 86400, "description": "How long."},
        "readyTime": {"type": "string", "format": "date-time", "description": "When."},
        "names": {"type": "array", "maxItems": 8, "x-kubernetes-list-type": "set", "description": "All.", "items": {"type": "string", "maxLength": 63}},
        "state": {"type": "string", "enum": ["Running", "Stopped"], "description": "Wanted."},
        "labels": {
            "type": "object", "maxProperties": 9, "description": "More.",
            "additionalProperties": {"type": "string", "maxLength": 63},
        },
    }
    columns = [{"name": "STATE", "type": "string", "jsonPath": ".state", "description": "Wanted."}]
    assert messages(crd(fields, columns)) == []


@pytest.mark.parametrize(
    "name, field, message",
    [
        ("a", {"type": "string", "maxLength": 3}, "a has no description"),
        ("a", {"type": "string", "description": "x"}, "a is an unbounded string"),
        ("a", {"x-kubernetes-int-or-string": True, "description": "x"}, "a is an unbounded string"),
        ("a", {"type": "integer", "minimum": 0, "description": "x"}, "a is an unbounded number"),
        ("a", {"type": "array", "description": "x", "items": GOOD_FIELD}, "a is an unbounded list"),
        ("a", {"type": "array", "maxItems": 2, "description": "x", "items": {"type": "string"}}, "a[] is an unbounded string"),
        ("a", {"type": "array", "maxItems": 2, "description": "x", "items": GOOD_FIELD}, "a has no list type"),
        ("a", {**GOOD_FIELD, "description": "A name"}, "the description of a has no full stop"),
        ("a", {**GOOD_FIELD, "x-kubernetes-validations": [{"rule": "true"}]}, "a rule of a has no message"),
        ("namespace", GOOD_FIELD, "namespace refers to another namespace"),
        ("claimNamespace", GOOD_FIELD, "claimNamespace refers to another namespace"),
        ("a", {**GOOD_FIELD, "minLength": 64}, "a: minLength is above maxLength"),
        ("a", {"type": "integer", "minimum": 5, "maximum": 4}, "a: minimum is above maximum"),
        ("a", {**GOOD_FIELD, "default": 5}, "the default of a is no string"),
        ("a", {**GOOD_FIELD, "default": "x" * 64}, "the default of a is outside its lengths"),
        ("a", {**GOOD_FIELD, "minLength": 2, "default": "x"}, "the default of a is outside its lengths"),
        ("a", {**GOOD_FIELD, "pattern": "^[a-z]+$", "default": "1"}, "the default of a does not match its pattern"),
        ("a", {"type": "string", "enum": ["Yes"], "default": "No"}, "the default of a is not in its enum"),
        ("a", {"type": "integer", "minimum": 1, "maximum": 4, "default": 0}, "the default of a is outside its bounds"),
        ("a", {"type": "integer", "minimum": 1, "maximum": 4, "default": 5}, "the default of a is outside its bounds"),
        ("a", {"type": "integer", "minimum": 0, "maximum": 4, "default": True}, "the default of a is no integer"),
        ("a", {"x-kubernetes-int-or-string": True, "maxLength": 9, "default": [1]}, "the default of a is no integer or string"),
        ("a", {"type": "object", "properties": {"b": GOOD_FIELD}, "default": {"c": 1}}, "the default of a has fields it does not know: c"),
        ("a", {"type": "object", "description": "x", "additionalProperties": GOOD_FIELD}, "a is an unbounded map"),
        ("a", {"type": "object", "description": "x"}, "a is an object without fields"),
        ("a", {"description": "x"}, "a has no type"),
        ("Big", GOOD_FIELD, "Big is not lowerCamelCase"),
        ("waitSeconds", GOOD_FIELD, "waitSeconds is a duration but no integer"),
        ("startTime", GOOD_FIELD, "startTime is an instant but no date-time"),
        ("start", {"type": "string", "format": "date-time", "description": "x"}, "start is an instant without …Time"),
        ("idleTimeout", GOOD_FIELD, "idleTimeout names a duration without its unit"),
        ("createdAt", GOOD_FIELD, "createdAt names an instant"),
        ("state", {"type": "string", "enum": ["on-hold"], "description": "x"}, "state: enum value 'on-hold' is not CamelCase"),
    ],
)
def test_each_rule_can_fail(name, field, message):
    assert message in messages(crd({name: field}))


def test_rules_reach_nested_fields():
    inner = {"type": "object", "description": "x.", "properties": {"b": {"type": "string", "description": "x."}}}
    fields = {"a": {"type": "array", "maxItems": 2, "x-kubernetes-list-type": "atomic", "description": "x.", "items": inner}}
    assert messages(crd(fields)) == ["a[].b is an unbounded string"]


def test_a_finding_names_the_line():
    text = crd({"a": {"type": "string", "description": "x."}})
    line = next(i for i, l in enumerate(text.splitlines(), 1) if l.strip() == "a:")
    assert [f.line for f in crds.check_file("crds/a.yaml", text)] == [line]


def test_columns_beyond_eighty_characters_are_found():
    columns = [{"name": f"COLUMN{i}", "type": "string", "jsonPath": ".a", "description": "x"} for i in range(5)]
    assert any("of 80 characters" in m for m in messages(crd({"a": GOOD_FIELD}, columns)))
    wide = [{**c, "priority": 1} for c in columns]
    assert messages(crd({"a": GOOD_FIELD}, wide)) == []


def test_a_column_of_free_text_must_be_wide():
    columns = [{"name": "WHY", "type": "string", "jsonPath": ".message", "description": "x"}]
    long = {"type": "string", "maxLength": 2048, "description": "x."}
    assert messages(crd({"message": long}, columns)) == ["column WHY shows free text"]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"listKind": "Things"}, "listKind is not ThingList"),
        ({"singular": "something"}, "singular is not thing"),
        ({"categories": ["all"]}, "it is not of the category marea"),
    ],
)
def test_names_follow_the_kind(change, message):
    assert messages(crd({"a": GOOD_FIELD}, names=NAMES | change)) == [message]


def test_a_status_has_its_subresource_and_its_conditions():
    assert messages(with_status()) == []
    assert messages(with_status(subresources={})) == ["status and the status subresource do not go together"]
    assert messages(crd({"a": GOOD_FIELD}, subresources={"status": {}})) == ["status and the status subresource do not go together"]
    bare = {"type": "object", "description": "x.", "properties": {"a": GOOD_FIELD}}
    assert messages(crd({"status": bare}, subresources={"status": {}})) == ["the status has no conditions"]


def test_what_a_status_is_selected_by_is_the_same_everywhere():
    selectable = [{"jsonPath": ".status.user"}, {"jsonPath": ".status.nodeName"}]
    assert messages(with_status("user", "nodeName", selectableFields=selectable)) == []
    missing = "the selectable fields are not those of the convention: .status.nodeName, .status.user"
    assert messages(with_status("user", "nodeName", selectableFields=selectable[:1])) == [missing]
    more = [*selectable, {"jsonPath": ".status.other"}]
    assert messages(with_status("user", "nodeName", "other", selectableFields=more)) == [missing]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: c["items"]["properties"].pop("observedGeneration"),
        lambda c: c["items"]["properties"]["observedGeneration"].update(type="string"),
        lambda c: c.update({"x-kubernetes-list-map-keys": ["reason"]}),
    ],
)
def test_conditions_are_those_of_kubernetes(spoil):
    text = yaml.safe_load(with_status())
    spoil(text["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]["conditions"])
    assert "conditions are not as metav1.Condition, by type" in messages(yaml.dump(text, sort_keys=False, Dumper=Plainly))


def test_conditions_are_the_same_in_all_kinds(tmp_path):
    def findings(other):
        tree = Tree.of_texts(tmp_path, {"crds/a.yaml": with_status(), "crds/b.yaml": other})
        return [(f.path, f.message) for f in crds.check(tree) if f.path != api_docs.PATH]

    assert findings(with_status()) == []
    shorter = with_status().replace("maxLength: 64", "maxLength: 63")
    assert findings(shorter) == [("crds/b.yaml", "conditions are not those of crds/a.yaml")]


def test_a_gateway_is_the_one_thing_of_another_namespace():
    gateway = {"type": "object", "description": "x.", "properties": {"namespace": GOOD_FIELD}}
    assert messages(crd({"gateway": gateway})) == []
    assert messages(crd({"claim": gateway})) == ["claim.namespace refers to another namespace"]
    assert messages(crd({"namespaces": GOOD_FIELD})) == []


@pytest.mark.parametrize(
    "field",
    [
        {**GOOD_FIELD, "pattern": "^[a-z]+$", "default": "word"},
        {"type": "integer", "minimum": 1, "maximum": 4, "default": 4, "description": "x."},
        {"type": "boolean", "default": True, "description": "x."},
        {"type": "object", "properties": {"b": GOOD_FIELD}, "default": {}, "description": "x."},
        {"x-kubernetes-int-or-string": True, "maxLength": 9, "pattern": "^[0-9]+$", "default": 5, "description": "x."},
    ],
)
def test_a_default_within_its_bounds_is_fine(field):
    assert messages(crd({"a": field})) == []
