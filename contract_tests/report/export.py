"""Writes one finding as a test that needs nothing of this project: pytest, Hurl, or curl."""

import base64
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2

from contract_tests.engine.curl import quote_body
from contract_tests.engine.exchange import read_binary
from contract_tests.errors import UsageError
from contract_tests.report.documents import escape_invisible
from contract_tests.report.expectations import Expectation, StandaloneTest, make_test

FORMATS = ("pytest", "hurl", "curl")
BASE_URL = "BASE_URL"
"""The environment variable with the address of the service."""
CREATED: Mapping[str, Any] = {
    "name": "a test of the API",
    "description": "A description.",
    "criteriaUrl": "https://example.org/criteria",
    "criteriaNarrative": "Do it.",
    "tags": ["a", "b"],
    "metadata": {"level": 2},
}
"""The fields of the credential that a test creates; a null would hide what a type is."""
_VARIABLE = re.compile(r"\$(CREDCHECK_\w+)")
_FOLDER = Path(__file__).resolve().parent
_ID = re.compile(r"([A-Z]+-\d+)(?:#(\d+))?")


def export_finding(report: Mapping[str, Any], name: str, form: str) -> tuple[str, str]:
    """Return a finding as the text of a test, and a note on others of its rule; raises UsageError.

    `name` is the id of a rule, or that and the number of the finding, such as `PAGE-03#2`.
    """
    match = _ID.fullmatch(name)
    found = [one for one in report["failures"] if match and one["rule"] == match[1]]
    if match is None or not found:
        failed = dict.fromkeys(failure["rule"] for failure in report["failures"])
        raise UsageError(f"{name} did not fail: failed rules are {', '.join(failed) or 'none'}")
    number = int(match[2] or 1)
    if not 1 <= number <= len(found):
        raise UsageError(f"{name}: {match[1]} has {len(found)} findings: use a number up to that")
    test = make_test(report, found[number - 1])
    others = len(found) - 1
    note = f"{match[1]} has {others + 1} findings; this is the first: see {match[1]}#2"
    return render_test(test, form), note if others and not match[2] else ""


def render_test(test: StandaloneTest, form: str) -> str:
    """Return a test in one of the formats."""
    environment = jinja2.Environment(  # noqa: S701  these are programs, and each value is quoted
        loader=jinja2.FileSystemLoader(_FOLDER),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["comment"] = _format_comment
    environment.filters["python"] = repr
    template = environment.get_template(f"export.{form}.j2")
    return template.render(
        test=test,
        expect=test.expectation,
        finding=test.finding,
        variables=sorted(_find_variables(test)),
        python_headers=format_python_headers(test.headers),
        key=format_python_headers({"key": _find_key(test)}),
        hurl_headers=[(name, _VARIABLE.sub(r"{{\1}}", value)) for name, value in
                      test.headers.items()],
        created=list_created(test),
        json_created=json.dumps(list_created(test)),
        hurl_created=json.dumps({**list_created(test), "issuer": "{{issuer}}"}),
        hurl_body=_format_hurl_body(test.body),
        python_body=_format_python_body(test.body),
        shell_body=quote_body(_encode_body(test.body), lambda text: text),
        hurl_key=_VARIABLE.sub(r"{{\1}}", _find_key(test)),
        hurl_asserts=list(format_hurl_asserts(test.expectation)),
        shell=shlex.quote,
        shell_headers=[_quote_shell(f"{name}: {value}") for name, value in test.headers.items()],
        shell_key=_quote_shell(f"Authorization: {_find_key(test)}"),
        jq=format_jq(test.expectation),
    )  # fmt: skip


def list_created(test: StandaloneTest) -> dict[str, Any]:
    """Return the fields of the credential that a test creates, but those that it then sends."""
    try:
        sent = json.loads(test.body or "{}")
    except (ValueError, RecursionError):
        sent = {}
    names = sent if isinstance(sent, dict) else {}
    return {name: value for name, value in CREATED.items() if name == "name" or name not in names}


def _find_variables(test: StandaloneTest) -> set[str]:
    found = {name for value in test.headers.values() for name in _VARIABLE.findall(value)}
    return found | ({"CREDCHECK_KEY_ADMIN"} if test.creates else set())


def _find_key(test: StandaloneTest) -> str:
    """Return the value of the header with the admin's key, in the scheme that the run used."""
    for value in test.headers.values():
        if "$CREDCHECK_KEY_ADMIN" in value:
            return value
    return "Api-Key $CREDCHECK_KEY_ADMIN"


def _format_comment(text: str) -> str:
    """Return a text that stays within the comment of one line."""
    return escape_invisible(" ".join(text.split()))


def format_python_headers(headers: Mapping[str, str]) -> str:
    """Return headers as the source of a dict, with secrets from the environment."""
    pairs = []
    for name, value in headers.items():
        parts = _VARIABLE.split(value)
        source = " + ".join(
            f"os.environ[{part!r}]" if number % 2 else repr(part)
            for number, part in enumerate(parts)
            if part or len(parts) == 1
        )
        pairs.append(f"    {name!r}: {source},\n")
    return "{\n" + "".join(pairs) + "}"


def _quote_hurl(text: str) -> str:
    """Return a text as a quoted string of Hurl."""
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    return '"' + re.sub(r"\\u([0-9a-f]{4})", r"\\u{\1}", escaped).replace("{{", r"\u{7b}{") + '"'


def _encode_body(text: str) -> bytes:
    """Return the bytes of a body as a report has it."""
    binary = read_binary(text)
    return text.encode("utf-8", "surrogatepass") if binary is None else binary


def _format_python_body(text: str) -> str:
    """Return the source of a body: of a text, or of bytes."""
    if not text:
        return "None"
    return f"{text!r}.encode()" if read_binary(text) is None else repr(_encode_body(text))


def _format_hurl_body(text: str) -> str:
    """Return a body for Hurl: JSON as it is, any other in Base64, which changes no byte."""
    try:
        is_json = isinstance(json.loads(text), dict | list) and "{{" not in text
    except (ValueError, RecursionError):
        is_json = False
    return text if is_json else f"base64,{base64.b64encode(_encode_body(text)).decode()};"


def _quote_shell(text: str) -> str:
    """Return a text for a shell which fills in its variables; everything else is quoted."""
    return "".join(
        f'"${{{part}}}"' if number % 2 else shlex.quote(part) if part else ""
        for number, part in enumerate(_VARIABLE.split(text))
    )


def format_hurl_asserts(expectation: Expectation) -> Iterator[str]:
    """Yield the lines of the section `[Asserts]`."""
    kind, value = expectation.kind, expectation.value
    if kind == "status":
        yield f"status matches /^({'|'.join(map(str, value))})$/"
    elif kind == "no server error":
        yield "status < 500"
    elif kind == "content type":
        pattern = "|".join(re.escape(one).replace("/", r"\/") for one in value)
        yield f'header "Content-Type" matches /^({pattern})/'
    elif kind == "header":
        yield f"header {_quote_hurl(value)} exists"
    elif kind == "JSON":
        yield 'jsonpath "$" exists'
    else:
        place = "$" + "".join(
            f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in expectation.steps
        )
        query = f"jsonpath {_quote_hurl(place)}"
        if kind == "field":
            yield f"{query} exists"
        elif kind == "equal":
            yield from _compare_hurl(query, value)
        else:
            predicates = {"string": "isString", "boolean": "isBoolean", "number": "isNumber"}
            predicates |= {"integer": "isInteger", "array": "isCollection", "object": "isObject"}
            yield f"{query} exists"
            yield from (
                f"{query} not {predicate}"
                for name, predicate in predicates.items()
                if name not in value and not (name == "integer" and "number" in value)
                and not (name == "number" and "integer" in value)
                and not (name == "object" and "array" in value)
                and not (name == "array" and "object" in value)
            )  # fmt: skip


def _compare_hurl(query: str, value: Any) -> Iterator[str]:
    """Yield the lines that compare a value; Hurl compares scalars, so others are taken apart."""
    if isinstance(value, str):
        yield f"{query} == {_quote_hurl(value)}"
    elif isinstance(value, dict | list):
        yield f"{query} isCollection"
        yield f"{query} count == {len(value)}"
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for step, inner in pairs:
            index = f"[{step}]" if isinstance(step, int) else f"['{step}']"
            yield from _compare_hurl(f'{query[:-1]}{index}"', inner)
    else:
        yield f"{query} == {json.dumps(value)}"


def format_jq(expectation: Expectation) -> str:
    """Return the filter of jq that a body must fulfil; an empty text if none is needed."""
    place = "." + "".join(f"[{json.dumps(step)}]" for step in expectation.steps)
    if expectation.kind == "JSON":
        return "true"
    if expectation.kind == "field":
        outer = "." + "".join(f"[{json.dumps(step)}]" for step in expectation.steps[:-1])
        return f"{outer} | has({json.dumps(expectation.steps[-1])})"
    if expectation.kind == "equal":
        return f"{place} == {json.dumps(expectation.value)}"
    if expectation.kind == "types":
        names = {"integer": "number"}
        types = [names.get(one, one) for one in expectation.value]
        exists = f"getpath({json.dumps(list(expectation.steps[:-1]))})"
        has = f"({exists} | has({json.dumps(expectation.steps[-1])}))"
        return f"{has} and ([{place} | type] | inside({json.dumps(types)}))"
    return ""
