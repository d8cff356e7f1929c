"""Which values of a lenient parameter have an effect is compiled from its schema."""

from typing import Any

import pytest

from mockserver.contract.compiler import load_contract, read_usable_values
from mockserver.errors import StartError

LIST = "credentials_orgs_users_retrieve"
ISSUERS = "credentials_orgs_users_issuers_retrieve"


@pytest.mark.parametrize(
    ("operation_id", "name", "usable", "ignored"),
    [
        (LIST, "page", ["1", "007", "2147483648", "last"], ["", "0", "-1", "LAST", "1.0", "x"]),
        (LIST, "page", [], ["2147483649", "9" * 20, "\u0661", "\u00b2"]),
        (LIST, "page_size", ["1", "100"], ["", "0", "101", "last", "ten"]),
        (LIST, "search", ["integer", "last", "0", " "], [""]),
        (ISSUERS, "page_size", ["1000"], ["1001"]),
        (ISSUERS, "limit", ["1", "1000"], ["0", "1001"]),
        (ISSUERS, "offset", ["0", "1", "5000"], ["", "-1", "last"]),
    ],
)
def test_usable_values(operation_id: str, name: str, usable: list[str], ignored: list[str]) -> None:
    """Integers within their bounds, listed words and any other text have an effect."""
    parameter = load_contract().operations[operation_id].parameter(name)
    assert [value for value in usable if parameter.ignores(value)] == []
    assert [value for value in ignored if not parameter.ignores(value)] == []


def test_a_parameter_that_is_not_lenient_ignores_nothing() -> None:
    """What it does not accept is refused, so that no hint is needed."""
    operation = load_contract().operations["credentials_orgs_users_assertions_retrieve"]
    parameter = operation.parameter("include_expired")
    assert parameter.usable is None
    assert not parameter.ignores("perhaps")


@pytest.mark.parametrize("schema", [{"type": "boolean"}, {"anyOf": [{"type": "array"}]}, {}])
def test_a_lenient_parameter_of_another_type_stops_the_start(schema: Any) -> None:
    """What would be ignored of other types is not defined."""
    with pytest.raises(StartError, match=r"^here: x-lenient is supported for integers and strings"):
        read_usable_values(schema, "here")
