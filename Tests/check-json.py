"""Validates the JSON that the unit tests got: check-json.py SCHEMA DIRECTORY.

Stricter than the schema, which lets others expect keys that it does not name: here every key must be
named. Fails as well when a kind of document was never printed.
"""

import json
import pathlib
import sys

import jsonschema

# The key by which each kind is known.
KINDS = {"systemCall": "plan", "loaded": "status", "checkNanoseconds": "report", "errors": "errors",
         "records": "dumpLog", "kind": "dumpReport",
         "recordCount": "dumpUnflattened", "verification": "dumpManifest", "promisedPages": "dumpVerification",
         "pagingLevels": "dumpInfo", "perCPUFree": "dumpClasses"}


def closed(schema):
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema and "type" in schema:
        result["additionalProperties"] = False
    return result


def main(schema_path, directory):
    schema = json.loads(pathlib.Path(schema_path).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    definitions = closed(schema["$defs"])
    counts = dict.fromkeys(KINDS.values(), 0)
    failures = 0
    for path in sorted(pathlib.Path(directory).glob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            print(f"{path}: no JSON: {error}")
            failures += 1
            continue
        kind = next((kind for key, kind in KINDS.items() if key in document), None)
        if kind is None:
            print(f"{path}: none of {', '.join(counts)}: {list(document)}")
            failures += 1
            continue
        counts[kind] += 1
        if next(iter(document)) != "schema":
            print(f"{path}: schema is not its first key")
            failures += 1
        validator = jsonschema.Draft202012Validator(
            {"$ref": f"#/$defs/{kind}", "$defs": definitions})
        for error in validator.iter_errors(document):
            print(f"{path}: {'/'.join(map(str, error.absolute_path))}: {error.message}")
            failures += 1
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()))
    for kind, count in counts.items():
        if count == 0:
            print(f"no test printed {kind}")
            failures += 1
    return failures != 0


sys.exit(main(*sys.argv[1:]))
