"""JSON schemas of all kinds a cluster serves, for kubeconform, from what its API server itself says of them."""

import json

QUANTITY = {"type": ["string", "number"]}  # Swagger says string, and numbers are taken too


def write(cluster, folder):
    """One file a kind, as KIND-GROUP-VERSION.json; returns what kubeconform takes as --schema-location."""
    definitions = json.loads(cluster.kubectl("get", "--raw=/openapi/v2"))["definitions"]
    (folder / "all.json").write_text(json.dumps({"definitions": {n: QUANTITY if n.endswith(".Quantity") else strict(d) for n, d in definitions.items()}}))
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            group = kind["group"].split(".")[0]
            file = "-".join(filter(None, (kind["kind"].lower(), group, kind["version"]))) + ".json"
            (folder / file).write_text(json.dumps({"$ref": f"file://{folder}/all.json#/definitions/{name}"}))
    return f"{folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"


def strict(schema):
    """A Swagger schema as JSON schema that refuses what it does not name."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        return {"type": ["string", "integer"]}
    fresh = {k: schema[k] for k in ("type", "required", "enum", "pattern") if k in schema}
    if "items" in schema:
        fresh["items"] = strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        fresh["additionalProperties"] = strict(schema["additionalProperties"])
    if "properties" in schema:
        fresh["properties"] = {name: strict(s) for name, s in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            fresh.setdefault("additionalProperties", False)
    return fresh
