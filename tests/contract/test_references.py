"""References are followed within one document, and nowhere else."""

from typing import Any

import pytest

from mockserver.contract.references import UnresolvedReference, resolve_reference

DOCUMENT = {
    "paths": {"/a/{b}": {"get": "the operation"}},
    "components": {
        "first": {"$ref": "#/components/second"},
        "second": {"type": "string"},
        "tilde~": "found",
        "ring": {"$ref": "#/components/chain"},
        "chain": {"$ref": "#/components/ring"},
    },
}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"$ref": "#/components/first"}, {"type": "string"}),
        ({"$ref": "#/paths/~1a~1{b}/get"}, "the operation"),
        ({"$ref": "#/components/tilde~0"}, "found"),
        ({"type": "integer"}, {"type": "integer"}),
        (None, None),
    ],
)
def test_a_reference_is_followed_to_its_end(part: Any, expected: Any) -> None:
    """Chains and escaped steps are followed; what is no reference is returned as it is."""
    assert resolve_reference(DOCUMENT, part) == expected


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/components/third", "the reference '#/components/third' cannot be resolved"),
        ("#/components/tilde~0/x", "the reference '#/components/tilde~0/x' cannot be resolved"),
        ("#/components/ring", "the reference '#/components/ring' refers to itself"),
        (
            "https://example.com/x",
            "the reference 'https://example.com/x' is not supported: it must be within the"
            " document (#/...)",
        ),
    ],
)
def test_what_cannot_be_resolved_is_quoted(reference: str, message: str) -> None:
    """A reference to nothing, to itself or to another document is an error that quotes it."""
    with pytest.raises(UnresolvedReference) as caught:
        resolve_reference(DOCUMENT, {"$ref": reference})
    assert str(caught.value) == message
