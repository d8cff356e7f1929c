"""Hints at bodies: wrongly labelled, and fields that are dropped or read in another way."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from mockserver.contract.operation import Body, Operation
from mockserver.framework.composites import ObjectOf
from mockserver.framework.negotiation import MediaType, select_parser
from mockserver.framework.parsers import FORM, MULTIPART
from mockserver.hints.forms import find_dropped_fields
from mockserver.hints.query import NO_VALUE, OBJECT
from mockserver.hints.served import ServedRequest
from mockserver.hints.wording import find_near, find_same, quote, show, suggest
from mockserver.messages import JSON, Form

LONGEST_BODY = 1_000_000
"""Bytes; a longer body is not read a second time."""
BRACKETS = re.compile(r"[\[\].]+")
WHITE_SPACE = b"\xef\xbb\xbf \t\r\n"
"""What may stand before a text, also a byte order mark."""
SET_BY_THE_SERVICE = frozenset({"entityId", "id", "createdAt", "created", "updated"})
"""Names of what nobody means to set when they send a record back."""
DOUBTFUL = frozenset({"credential_type"})
"""Spellings of the narrative that a client went away from, as from a bug; FACTS S9 [C]."""


def find_hints_on_body(served: ServedRequest, operation: Operation) -> Iterator[str]:
    """Yield hints at the body of a request, as far as the service read it."""
    if operation.body is None:
        if served.has_body:
            ending = "; parameters belong into the query" if served.is_safe else ""
            yield f"this operation reads no body{ending}"
        return
    if not served.has_body and served.status in (200, 201, 400):
        yield "the request has no body"
    body = served.body
    if not body or len(body) > LONGEST_BODY:
        return
    content_type = served.headers.get("Content-Type") or ""
    kind = select_parser(content_type, operation.body.media_types)
    mistake = _describe_label(body, kind, content_type, operation.body.fields)
    if mistake:
        yield mistake
    elif kind in (FORM, MULTIPART):
        form = served.form if kind == MULTIPART else _read_form(body)
        if form:
            yield from _find_hints_on_form(form, served, operation.body.fields)
    elif kind is not None:
        yield from _find_hints_on_json(body, served, operation.body)


def _describe_label(
    body: bytes, kind: str | None, content_type: str, fields: ObjectOf
) -> str | None:
    """Return that a body is not what its media type says, or None where it may be."""
    start = body[:500].lstrip(WHITE_SPACE)
    is_json_read = kind not in (None, FORM, MULTIPART)
    if is_json_read and start[:1] in (b"{", b"[", b'"'):
        return None
    said = MediaType.parse(content_type)
    label = f"`Content-Type` says {quote(said.name)}" if content_type else "has no `Content-Type`"
    if not is_json_read and _is_json(body, is_form=kind == FORM):
        return f"the body is JSON, but {label}: send `Content-Type: {JSON}`"
    if kind == MULTIPART:
        boundary = said.parameters.get("boundary")
        if boundary and b"--" + boundary.encode("latin-1", "replace") in body:
            return None
        return (
            "`Content-Type` does not have the boundary of the body: "
            "let the client set this header itself"
        )
    if start[:2] == b"--" and b"form-data" in start:
        let = "let the client set this header itself"
        return f"the body is a multipart form, but {label}: {let}"
    if kind != FORM:
        sent = parse_qsl(start.decode("utf-8", "replace"), keep_blank_values=True)
        if sent and sent[0][0] in {member.name for member in fields.members}:
            return f"the body is a form, but {label}: send `Content-Type: {FORM}`, or JSON"
    return None


def _is_json(body: bytes, *, is_form: bool) -> bool:
    """Tell whether a body is a JSON object or array, also one that was escaped as a form."""
    start = body[:100].lstrip(WHITE_SPACE)[:3].upper()
    is_escaped = is_form and start in (b"%7B", b"%5B")
    if not is_escaped and start[:1] not in (b"{", b"["):
        return False
    text = body.decode("utf-8-sig", "replace")
    try:
        json.loads(unquote_plus(text).removesuffix("=") if is_escaped else text)
    except (ValueError, RecursionError):
        return False
    return True


def _read_form(body: bytes) -> Form:
    form = Form()
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        form.setdefault(name, []).append(value)
    return form


def _find_hints_on_form(form: Form, served: ServedRequest, fields: ObjectOf) -> Iterator[str]:
    members = {member.name: member for member in fields.members}
    for name, hint in find_dropped_fields(form, fields):
        yield hint or _describe_unknown(name, members, "")
    for name, values in form.items():
        if name in members:
            last = values[-1]
            if isinstance(last, str) and served.status < 400 and last in NO_VALUE | {OBJECT}:
                yield _describe_word(name, last)
            if name in DOUBTFUL:
                yield _describe_doubtful(name, members[name].alias_of)


def _find_hints_on_json(body: bytes, served: ServedRequest, declared: Body) -> Iterator[str]:
    repeated: dict[str, None] = {}

    def read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(pairs)
        if len(read) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            repeated.update((name, None) for name, count in counts.items() if count > 1)
        return read

    try:
        sent = json.loads(body, object_pairs_hook=read_object)
    except (ValueError, RecursionError):
        return
    if isinstance(sent, str) and _is_json(sent.encode("utf-8", "replace"), is_form=False):
        yield "the body was encoded as JSON twice: send the object, not its text"
    for name in repeated:
        yield f"{quote(name)} is in the body more than once: only the last value counts"
    if not isinstance(sent, dict):
        return
    yield from _Fields(served).find_hints(sent, declared.fields)
    if served.status < 400:
        yield from _find_violations(sent, declared)


def _find_violations(sent: dict[str, Any], declared: Body) -> Iterator[str]:
    """Yield where a body that was accepted does not fit the contract."""
    seen = set()
    with suppress(ValueError):  # a value that the validator cannot take, where nothing reads it
        for violation in declared.validator.iter_errors(sent):
            place = ".".join(map(str, violation.instance_path))
            if place and place not in seen:  # both spellings of a field may say so
                seen.add(place)
                reason = f"{violation.message[-200:]}; production accepts it all the same"
                yield f"this body does not fit the contract at {quote(place)}: {show(reason, 300)}"


class _Fields:
    """Looks through the fields of a JSON body, those of nested objects too.

    What was sent as it was read before, and the service alone can set, is nothing lost.
    """

    def __init__(self, served: ServedRequest) -> None:
        self._served = served
        self._answer: Mapping[str, Any] | None = None

    def find_hints(
        self, sent: Mapping[str, Any], fields: ObjectOf, path: str = ""
    ) -> Iterator[str]:
        """Yield hints at the members of an object."""
        members = {member.name: member for member in fields.members}
        for name, value in sent.items():
            member = members.get(name)
            if member is None:
                if path or not self._is_set_by_the_service(name, value):
                    yield self._describe(name, members, path)
                continue
            if name in DOUBTFUL and not path:
                yield _describe_doubtful(name, member.alias_of)
            if isinstance(value, str) and value in ("undefined", OBJECT):
                yield _describe_word(path + name, value)
            if isinstance(member.field, ObjectOf) and isinstance(value, dict):
                yield from self.find_hints(value, member.field, f"{path}{name}.")

    def _describe(self, name: str, members: Mapping[str, Any], path: str) -> str:
        if not path and name in self._read_answer():
            return f"{quote(name)} cannot be set by this request, and is ignored"
        if not path and not find_near(name, members):
            meant = find_same(name, SET_BY_THE_SERVICE | self._read_answer().keys())
            if meant:
                unknown = f"{quote(name)} is not a field of this body, and is ignored"
                return f"{unknown}; {quote(meant)} cannot be set either"
        return _describe_unknown(name, members, path)

    def _is_set_by_the_service(self, name: str, value: Any) -> bool:
        if name in SET_BY_THE_SERVICE:
            return True
        answer = self._read_answer()
        return name in answer and answer[name] == value

    def _read_answer(self) -> Mapping[str, Any]:
        """Return the record that the response shows, or nothing."""
        if self._answer is None:
            answer = self._served.read_answer() if self._served.status < 300 else None
            if isinstance(answer, dict):
                answer = answer.get("result", answer)
            if isinstance(answer, list) and len(answer) == 1:
                answer = answer[0]
            self._answer = answer if isinstance(answer, dict) else {}
        return self._answer


def _describe_unknown(name: str, members: Mapping[str, Any], path: str) -> str:
    base = BRACKETS.split(name)[0]
    if base in members and base != name:  # the spelling of forms
        return f"{quote(path + name)} is dropped: in JSON, {quote(path + base)} holds its parts"
    meant = find_near(name, members)
    ending = suggest(path + meant if meant else None)
    return f"{quote(path + name)} is not a field of this body, and is ignored{ending}"


def _describe_doubtful(name: str, canonical: str | None) -> str:
    return f"production may ignore {quote(name)}: send {quote(canonical or name)}"


def _describe_word(name: str, value: str) -> str:
    if value == OBJECT:
        return f"{quote(name)} is {quote(value)}: an object was turned into text"
    return f"{quote(name)} is the text {quote(value)}: the application had no value to send"
