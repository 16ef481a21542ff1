import crds
import pytest
import yaml

GOOD_FIELD = {"type": "string", "maxLength": 63, "description": "A name."}


def crd(fields, columns=()):
    schema = {"type": "object", "description": "A thing.", "properties": {"kind": {"type": "string"}, **fields}}
    version = {"name": "v1", "schema": {"openAPIV3Schema": schema}, "additionalPrinterColumns": list(columns)}
    return yaml.safe_dump({"kind": "CustomResourceDefinition", "spec": {"versions": [version]}}, sort_keys=False)


def messages(text):
    return [f.message for f in crds.check_file("crds/a.yaml", text)]


def test_a_good_schema_has_no_findings():
    fields = {
        "className": GOOD_FIELD,
        "durationSeconds": {"type": "integer", "minimum": 60, "maximum": 86400, "description": "How long."},
        "readyTime": {"type": "string", "format": "date-time", "description": "When."},
        "names": {"type": "array", "maxItems": 8, "description": "All.", "items": {"type": "string", "maxLength": 63}},
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
    inner = {"type": "object", "description": "x", "properties": {"b": {"type": "string", "description": "x"}}}
    fields = {"a": {"type": "array", "maxItems": 2, "description": "x", "items": inner}}
    assert messages(crd(fields)) == ["a[].b is an unbounded string"]


def test_a_finding_names_the_line():
    text = crd({"a": {"type": "string", "description": "x"}})
    line = next(i for i, l in enumerate(text.splitlines(), 1) if l.strip() == "a:")
    assert [f.line for f in crds.check_file("crds/a.yaml", text)] == [line]


def test_columns_beyond_eighty_characters_are_found():
    columns = [{"name": f"COLUMN{i}", "type": "string", "jsonPath": ".a", "description": "x"} for i in range(5)]
    assert any("of 80 characters" in m for m in messages(crd({"a": GOOD_FIELD}, columns)))
    wide = [{**c, "priority": 1} for c in columns]
    assert messages(crd({"a": GOOD_FIELD}, wide)) == []


def test_a_column_of_free_text_must_be_wide():
    columns = [{"name": "WHY", "type": "string", "jsonPath": ".message", "description": "x"}]
    long = {"type": "string", "maxLength": 2048, "description": "x"}
    assert messages(crd({"message": long}, columns)) == ["column WHY shows free text"]
