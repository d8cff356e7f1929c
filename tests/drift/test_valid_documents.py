"""Whatever a valid document may contain is compared; what an invalid one lacks is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.document import read_document
from mockserver.drift.comparison import find_drift
from mockserver.errors import StartError
from tests.drift.test_drift import ITEM, LATER, LIST, changed

Change = Callable[[dict[str, Any]], None]


def operation(document: dict[str, Any]) -> Any:
    """Return the operation that lists credentials."""
    return document["paths"][LIST]["get"]


def add_parameter(parameter: Any) -> Change:
    """Return what adds a parameter to the list."""
    return lambda document: operation(document).setdefault("parameters", []).append(parameter)


def share_path(document: dict[str, Any]) -> None:
    """Move a path item into the components, as OpenAPI 3.1 allows."""
    document["openapi"] = "3.1.0"
    document["components"]["pathItems"] = {"list": document["paths"][LIST]}
    document["paths"][LIST] = {"$ref": "#/components/pathItems/list"}


def share_path_parameter(document: dict[str, Any]) -> None:
    """Move the parameters of a path into the components."""
    shared = {p["name"]: p for p in operation(document)["parameters"] if p["in"] == "path"}
    document["components"]["parameters"] = shared
    operation(document)["parameters"] = [
        {"$ref": f"#/components/parameters/{p['name']}"} if p["in"] == "path" else p
        for p in operation(document)["parameters"]
    ]


def put_content(content: Any) -> Change:
    """Return what gives the response of the list another content."""
    return lambda document: operation(document)["responses"]["200"].update(content=content)


def add_field(name: str, schema: Any) -> Change:
    """Return what adds a field to the issuer."""

    def change(document: dict[str, Any]) -> None:
        document["openapi"] = "3.1.0"
        document["components"]["schemas"]["Issuer"]["properties"][name] = schema

    return change


VALID: dict[str, Change] = {
    "content without a schema": put_content({"application/json": {}}),
    "no content": lambda document: operation(document)["responses"]["200"].pop("content"),
    "empty content": put_content({}),
    "a parameter with content": add_parameter(
        {"name": "where", "in": "query", "content": {"application/json": {"schema": {}}}}
    ),
    "a parameter with content without a schema": add_parameter(
        {"name": "where", "in": "query", "content": {"application/json": {}}}
    ),
    "an extension among the responses": lambda document: operation(document)["responses"].update(
        {"x-note": 1, "x-notes": ["a"], "x-more": {"content": 5}}
    ),
    "extensions everywhere": lambda document: [
        holder.update({"x-note": [1]})
        for holder in (
            *(document, document["info"], document["paths"], document["paths"][LIST]),
            *(operation(document), document["components"]),
        )
    ],
    "a schema that refers to itself": add_field(
        "children", {"type": "array", "items": {"$ref": "#/components/schemas/Issuer"}}
    ),
    "other methods": lambda document: document["paths"][LIST].update(
        trace={"responses": {"default": {"description": "x"}}}
    ),
    "no operationId": lambda document: operation(document).pop("operationId"),
    "a path by reference": share_path,
    "path parameters by reference": share_path_parameter,
    "a field without a schema": add_field("anything", True),
    "a field that must not be": add_field("nothing", False),
    "a field named like a reference": add_field("$ref", {"type": "string"}),
    "a list of types": add_field("mixed", {"type": ["string", "integer", "null"]}),
    "no components": lambda document: document["components"].pop("securitySchemes", None),
    "a scheme by reference": lambda document: document["components"].update(
        securitySchemes={
            "one": {"type": "apiKey", "in": "header", "name": "X"},
            "two": {"$ref": "#/components/securitySchemes/one"},
        }
    ),
}


@pytest.mark.parametrize("change", VALID.values(), ids=list(VALID))
def test_a_valid_document_is_compared(tmp_path: Path, change: Change) -> None:
    """No valid document is called invalid, and none is a traceback."""
    find_drift(changed(tmp_path, change))


@pytest.mark.parametrize("version", ["4.90", "4.90.4", "'4.90'", "4.9e1", "0x10", "2026-01-01"])
def test_a_version_is_a_text(tmp_path: Path, version: str) -> None:
    """Without quotes it is not a number; so an operation that was removed is found."""
    path = changed(tmp_path, lambda document: document["paths"].pop(ITEM, None), LATER)
    text = path.read_text().replace("version: 4.90.4-ai-plus", f"version: {version}")
    assert f"version: {version}" in text
    path.write_text(text)
    assert find_drift(path).version == version.strip("'")


def test_a_removed_operation_of_a_short_version_is_drift(tmp_path: Path) -> None:
    """4.90 is release 4.90, and not an older one that did not have the operation yet."""

    def remove(document: dict[str, Any]) -> None:
        for name in [name for name in document["paths"] if "/exim/" in name]:
            del document["paths"][name]

    path = changed(tmp_path, remove, LATER)
    path.write_text(path.read_text().replace("version: 4.90.4-ai-plus", "version: 4.90"))
    assert find_drift(path).exit_code == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", "no"),
        ("a: on", "on"),
        ("a: 12:30", "12:30"),
        ("a: 2026-01-01", "2026-01-01"),
        ("a: 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("a: 007", "007"),
        ("a: 1_000", "1_000"),
        ("a: true", True),
        ("a: 12", 12),
        ("a: 1.5", 1.5),
        ("a: 1e3", 1000.0),
        ("a: null", None),
        ("a:", None),
        ("a: ~", None),
        ("a: [{type: string, enum: [1.0, on, null, 4]}]", None),
        ("{a: {<<: {b: 1}}}", {"b": 1}),
    ],
)
def test_yaml_is_read_as_version_1_2(tmp_path: Path, text: str, value: Any) -> None:
    """What people write without quotes is a text where YAML 1.2 says so."""
    path = tmp_path / "a.yaml"
    path.write_text(text)
    found = read_document(path)["a"]
    if "enum" in text:
        assert found == [{"type": "string", "enum": ["1.0", "on", None, "4"]}]
    else:
        assert found == value
        assert type(found) is type(value)


def test_names_of_fields_are_texts(tmp_path: Path) -> None:
    """Statuses without quotes, and fields named `on` or `1`."""
    path = tmp_path / "a.yaml"
    path.write_text("responses: {200: ok, on: x, 1.5: y, null: z}")
    assert [*read_document(path)["responses"]] == ["200", "on", "1.5", "null"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: operation(d)["parameters"].append({"in": "query"}), "not a valid .* at paths"),
        (lambda d: d["paths"].update({LIST: {"get": []}}), "not a valid .* at paths"),
        (
            add_parameter({"$ref": "other.yaml#/x"}),
            "the reference .* is not supported",
        ),
        (add_parameter({"$ref": "#/nowhere"}), "not a valid .* cannot be resolved"),
        *(
            (
                lambda d, broken=broken: d["components"]["schemas"]["Issuer"].update(broken),
                "not a valid .* at components/schemas/Issuer",
            )
            for broken in ({"properties": []}, {"properties": None}, {"required": "name"})
        ),
        (
            lambda d: d["components"]["schemas"].update(Issuer=None),
            "not a valid .* at components/schemas/Issuer",
        ),
    ],
)
def test_what_is_not_valid_is_named(tmp_path: Path, change: Change, said: str) -> None:
    """One line with the place, in the words of the specification and not of Python."""
    with pytest.raises(StartError, match=f"changed.yaml: {said}") as refused:
        find_drift(changed(tmp_path, change))
    assert "\n" not in str(refused.value)
    assert "KeyError" not in str(refused.value)
