"""What the API accepts in `metadata` is what a world holds: exported, imported and at a start."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from mockserver import Config, create_app
from mockserver.errors import StartError
from mockserver.messages import decode, encode
from mockserver.world.document import read_json
from tests.conftest import API, NOW


def nest(depth: int) -> Any:
    """Return lists in lists."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


VALUES: dict[str, Any] = {
    "a long integer": 10**30,
    "a long negative one": -(2**63) - 1,
    "one bit more": 2**64,
    "the most digits": int("9" * 4300),
    "the largest float": 1.7976931348623157e308,
    "the smallest float": 5e-324,
    "a negative zero": -0.0,
    "one as a float": 1.0,
    "digits in a text": "9" * 40,
    "deep": nest(300),
    "very deep": nest(800),
    "names": {"": {"\u2028": 1}, "a\u0000": "\u0000"},
}


@pytest.mark.parametrize("name", list(VALUES))
@pytest.mark.parametrize("strict", [False, True])
def test_what_is_accepted_survives(name: str, strict: bool, tmp_path: Path) -> None:
    """Through the list, the export, the import, a start, and its copy in another sandbox."""
    api = API(create_app(Config(strict=strict, now=NOW)))
    text = json.dumps({"odd": VALUES[name]})
    entity_id = api.create(metadata=json.loads(text))["entityId"]
    exported = api.get("/__mock__/state").data
    imported = api.put("/__mock__/state", data=exported, content_type="application/json")
    assert imported.status_code == 200, imported.text
    (tmp_path / "world.json").write_bytes(exported)
    started = API(create_app(Config(world=tmp_path / "world.json", strict=strict, now=NOW)))
    for each in (api, started):
        shown = next(
            one for one in each.result("?page_size=100")["data"] if one["entityId"] == entity_id
        )
        assert json.dumps(shown["metadata"]) == text
    assert started.get("/__mock__/state").data == api.get("/__mock__/state").data


@pytest.mark.parametrize(
    "content",
    [
        *(b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": "\\ud800"}', b"[" * 5000, b"{", b"\xff"),
        *(b'{"a": 1e400}', b'{"a": ' + b"9" * 4301 + b"}", b'{"a": "\\ud800", "b": ' + b"9" * 40),
        b'{"a": NaN, "b": ' + b"9" * 400 + b"}",
    ],
)
def test_what_is_no_json_is_refused(content: bytes) -> None:
    """Also where the reader that takes long integers would be more lenient."""
    with pytest.raises(json.JSONDecodeError):
        decode(content)
    if content != b"\xff":
        with pytest.raises(StartError, match="not valid JSON"):
            read_json(content, "world.json")


@pytest.mark.parametrize("depth", range(900, 1024, 8))
@pytest.mark.parametrize("digits", [18, 19, 40])
def test_nesting_is_read_or_refused(depth: int, digits: int) -> None:
    """Where the exact reader goes less deep than the faster one, the text is refused as others."""
    content = b"[" * depth + b"1" * digits + b"]" * depth
    refused = ""
    try:
        read_json(content, "world.json")
    except StartError as error:
        refused = str(error)
    assert refused in ("", "world.json: not valid JSON: it is nested too deeply")
    with contextlib.suppress(ValueError):
        assert encode(decode(content)) == content


def test_what_is_written_is_read() -> None:
    """Both directions are exact, to the type."""
    for value in VALUES.values():
        assert repr(decode(encode(value))) == repr(value)
