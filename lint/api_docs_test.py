import api_docs
import pytest
import yaml
from tree import Tree

SPEC = {
    "type": "object", "description": "What is asked for.", "required": ["size"],
    "x-kubernetes-validations": [{"rule": "true", "fieldPath": ".size", "message": "too <much>"}],
    "properties": {
        "size": {
            "x-kubernetes-int-or-string": True, "default": "1Gi", "description": "How\n much.", "maxLength": 9,
            "x-kubernetes-validations": [{"rule": "true", "message": "only more"}],
        },
        "items": {
            "type": "array", "maxItems": 3, "description": "All.",
            "items": {"type": "object", "properties": {"state": {"type": "string", "enum": ["On", "Off"], "description": "Now."}}},
        },
        "labels": {
            "type": "object", "maxProperties": 2, "description": "More.",
            "additionalProperties": {"type": "string", "maxLength": 63, "pattern": "^a|b$"},
        },
        "count": {"type": "integer", "minimum": 1, "maximum": 4, "default": 1, "description": "How many."},
    },
}


@pytest.fixture
def tree(tmp_path):
    schema = {"description": "A thing.", "properties": {"spec": SPEC}}
    version = {"name": "v1alpha1", "schema": {"openAPIV3Schema": schema}, "selectableFields": [{"jsonPath": ".status.user"}]}
    spec = {"scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"}, "versions": [version]}
    return Tree.of_texts(tmp_path, {"crds/a.yaml": yaml.safe_dump({"kind": "CustomResourceDefinition", "spec": spec}, sort_keys=False)})


def test_every_field_has_a_row_with_its_limits(tree):
    api_docs.fix(tree)
    text = tree.read(api_docs.PATH)
    assert "## Thing\n\nA thing.\n\nIn a namespace; `kubectl get things`. Field selectors: `status.user`.\n" in text
    assert "\n- `size`: too \\<much>\n" in text
    assert [line for line in text.splitlines() if line.startswith("| `")] == [
        "| `spec.size` | quantity | How much. *required; default `1Gi`*. Only more. |",
        "| `spec.items` | list of objects | All. *at most 3 items*. |",
        "| `spec.items[].state` | string | Now. *one of `On`, `Off`*. |",
        "| `spec.labels` | map | More. *at most 2 items; at most 63 characters; matches `^a\\|b$`*. |",
        "| `spec.count` | integer | How many. *default `1`; 1 to 4*. |",
    ]


def test_what_is_current_passes_and_what_is_not_is_found(tree):
    assert [f.path for f in api_docs.check(tree)] == [api_docs.PATH], "it is missing"
    api_docs.fix(tree)
    assert api_docs.check(tree) == []
    page = tree.root / api_docs.PATH
    page.write_text(page.read_text().replace("How many", "How few"))
    assert [f.remedy for f in api_docs.check(tree)] == ["run lint/run --fix"]


def test_without_kinds_there_is_no_page(tmp_path):
    tree = Tree.of_texts(tmp_path, {"a.txt": ""})
    api_docs.fix(tree)
    assert api_docs.check(tree) == [] and not (tmp_path / api_docs.PATH).exists()
