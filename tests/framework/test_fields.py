"""Fields compiled from a schema: what they print of a value, and what a form's text stands for."""

from typing import Any

import pytest

from mockserver.framework.fields import (
    InvalidValue,
    ValidationContext,
    accept_any_reference,
    framework_type_name,
)
from mockserver.framework.scalars import Scalar
from mockserver.framework.serializers import compile_field
from mockserver.messages import Form, UploadedFile

WHOLE = ValidationContext(partial=False, exists=accept_any_reference)
NOTHING_EXISTS = ValidationContext(partial=False, exists=lambda reference, value: False)
FILE = UploadedFile("photo.png", "image/png", b"...")
ANY = {"x-any": True}


def clean(schema: dict[str, Any], value: Any, context: ValidationContext = WHOLE) -> Any:
    """Return what an object with one member stores for the value of a form."""
    body = {"type": "object", "properties": {"member": schema}}
    field = compile_field(body, "here")
    return field.clean(Form({"member": [value]}), context)["member"]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("", "str"),
        (1, "int"),
        (1.5, "float"),
        (True, "bool"),
        (None, "NoneType"),
        ([], "list"),
        ({}, "dict"),
        (FILE, "InMemoryUploadedFile"),
    ],
)
def test_types_have_the_names_that_the_framework_prints(value: Any, name: str) -> None:
    """Python's own types have their own names, an uploaded file that of Django's class."""
    assert framework_type_name(value) == name


@pytest.mark.parametrize(
    ("schema", "errors"),
    [
        (
            {"type": "integer", "x-reference": {"to": "images", "by": "id"}},
            ["Incorrect type. Expected pk value, received InMemoryUploadedFile."],
        ),
        (
            {"type": "object", "properties": {}},
            {
                "non_field_errors": [
                    "Invalid data. Expected a dictionary, but got InMemoryUploadedFile."
                ]
            },
        ),
        ({"type": "string"}, ["Not a valid string."]),
        (ANY, ["Value must be valid JSON."]),
    ],
)
def test_a_file_where_none_is_expected(schema: dict[str, Any], errors: Any) -> None:
    """A file of a form is refused in the framework's words, which name Django's class."""
    with pytest.raises(InvalidValue) as caught:
        clean(schema, FILE)
    assert caught.value.errors == {"member": errors}


@pytest.mark.parametrize("text", ["", "{", "NaN", "Infinity", "[" * 5000, '"\\ud800"'])
def test_a_text_that_is_not_json_is_refused(text: str) -> None:
    """What a form sends for any JSON value must be JSON that can be written again."""
    with pytest.raises(InvalidValue) as caught:
        clean(ANY, text)
    assert caught.value.errors == {"member": ["Value must be valid JSON."]}


@pytest.mark.parametrize(
    ("text", "value"), [("null", None), ("1.5", 1.5), ('{"a": [1]}', {"a": [1]})]
)
def test_a_json_text_is_parsed(text: str, value: Any) -> None:
    """A form's JSON text stands for its value."""
    assert clean(ANY, text) == value


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        (
            {"type": "integer", "x-reference": {"to": "images", "by": "id"}},
            "7",
            'Invalid pk "7" - object does not exist.',
        ),
        (
            {"type": "string", "x-reference": {"to": "users", "by": "username"}},
            "nobody",
            "Object with username=nobody does not exist.",
        ),
    ],
)
def test_a_reference_to_nothing_is_refused(
    schema: dict[str, Any], value: str, message: str
) -> None:
    """What a relation refers to must exist."""
    with pytest.raises(InvalidValue) as caught:
        clean(schema, value, NOTHING_EXISTS)
    assert caught.value.errors == {"member": [message]}


def test_a_field_without_a_conversion_cannot_be_made() -> None:
    """A plain value's field must say how a value is converted."""
    with pytest.raises(TypeError, match="abstract method"):
        Scalar()  # type: ignore[abstract]
