"""The reports of a run: `report.json`, `report.html` and `traffic.har`, from one verdict."""

import json
import os
import posixpath
import re
from collections.abc import Iterable, Mapping
from http.client import responses
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jinja2
import jsonschema_rs
from markupsafe import Markup, escape

from contract_tests.catalogue import RULES
from contract_tests.engine.curl import is_copied
from contract_tests.engine.exchange import BINARY, read_binary, split_cut_text
from contract_tests.errors import UsageError
from contract_tests.report.callers import list_callers
from contract_tests.report.causes import RootCause
from contract_tests.report.coverage import (
    build_matrix,
    count_coverage,
    lower_names,
    parse_query,
)
from contract_tests.report.difference import compare_json
from contract_tests.report.not_tested import gather_not_tested
from contract_tests.report.notices import select_notices
from contract_tests.report.summary import describe_start
from contract_tests.report.verdict import Verdict
from contract_tests.text_files import read_text_file

VERSION = 3
"""Of `report.json`; it is raised when a program that reads an older one would fail."""
OUTCOMES = ("conforms", "breaks the contract", "usage error", "not judged")
"""Of a run, by its exit code."""
EVIDENCE = {
    "C": "client code that runs against production",
    "N": "the narrative reference",
    "G": "a guide for API users",
    "P": "the published OpenAPI description",
    "F": "the default behaviour of the framework",
    "choice": "a choice of this contract",
    "option": "a limit that you set",
}
ORDER_OF_OUTCOMES = ("failed", "accepted", "request failed", "not tested", "passed")
LONGEST_SHOWN = 6_000
"""Characters of a body that the page shows."""
_FOLDER = Path(__file__).resolve().parent
_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that cannot be encoded, are invisible, or change the direction of the text."""


def write_reports(verdict: Verdict, folder: Path) -> None:
    """Write the three files into a folder, which is created; raises UsageError."""
    document = build_report(verdict)
    files = {
        "report.json": encode_json(document),
        "report.html": render_html(document),
        "traffic.har": encode_json(build_har(verdict.exchanges), indent=None),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            _replace_file(folder / name, text)
    except OSError as error:
        raise UsageError(f"the reports cannot be written: {error}") from error


def _replace_file(path: Path, text: str) -> None:
    """Write a file atomically: a reader sees the old or the new one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def read_report(path: Path) -> dict[str, Any]:
    """Return the content of a `report.json`; raises UsageError for any other file."""
    try:
        document = json.loads(read_text_file(path))
    except (ValueError, RecursionError):
        raise UsageError(f"{path}: not valid JSON: name the report.json of a run") from None
    problem = next(make_validator().iter_errors(document), None)
    if problem is not None:
        place = "/".join(map(str, problem.instance_path)) or "the top level"
        raise UsageError(
            f"{path}: not a report of this credcheck (version {VERSION}), see {place}: "
            "name the report.json of a run"
        )
    report: dict[str, Any] = document
    return report


def make_validator() -> jsonschema_rs.Validator:
    """Return the validator of `report.json`."""
    schema = json.loads((_FOLDER / "report.schema.json").read_text(encoding="utf-8"))
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def encode_json(document: Any, indent: int | None = 2) -> str:
    """Return a document as JSON; half of a surrogate pair, which no file can hold, is escaped."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    return _SURROGATE.sub(lambda half: f"\\\\u{ord(half[0]):04x}", text) + "\n"


def build_report(verdict: Verdict) -> dict[str, Any]:
    """Return everything about a run, as `report.schema.json` describes it."""
    return {
        "version": VERSION,
        "verdict": {
            "exit_code": verdict.exit_code,
            "outcome": OUTCOMES[verdict.exit_code],
            "headline": verdict.headline,
            "stopped": verdict.stopped,
        },
        "target": verdict.target,
        "base_url": verdict.base_url,
        "context": verdict.context,
        "filters": dict(verdict.filters),
        "repeat": dict(verdict.repeat),
        "profile": verdict.profile,
        "seed": verdict.seed,
        "run_id": verdict.run_id,
        "writes": verdict.writes,
        "started": verdict.started,
        "seconds": verdict.seconds,
        "requests": verdict.requests,
        "exchanges_kept": len(verdict.exchanges),
        "counts": dict(verdict.counts),
        "failures": [_add_rule(finding) for finding in verdict.failures],
        "causes": [_describe_cause(cause, verdict.failures) for cause in verdict.causes],
        "accepted": [_add_rule(finding) for finding in verdict.accepted],
        "problems": list(verdict.problems),
        "left_behind": list(verdict.left_behind),
        "permanent": list(verdict.permanent),
        "effects": dict(verdict.effects),
        "not_reached": list(verdict.not_reached),
        "unreachable_here": dict(verdict.unreachable_here),
        "not_tested": [{**vars(gap), "option": gap.option} for gap in gather_not_tested(verdict)],
        "notices": list(verdict.notices),
        "results": [
            {
                "rule": result.rule,
                "test": result.test,
                "outcome": result.outcome,
                "reason": result.reason,
                "seconds": result.seconds,
                "findings": [
                    {name: finding[name] for name in ("rule", "operation", "message")}
                    for finding in result.findings
                ],
            }
            for result in verdict.results
        ],
        "matrix": list(build_matrix(verdict)),
        "coverage": list(count_coverage(verdict)),
    }


def _add_rule(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding with the rule that it breaks."""
    rule = RULES[finding["rule"]]
    exchange = finding["exchange"]
    details = {
        "requirement": rule.requirement,
        "why": rule.why,
        "evidence": list(rule.evidence),
        "curl": exchange["curl"] if exchange else "",
        "steps": list(finding["steps"]),
        "difference": compare_json(finding["expected"], finding["got"]),
    }
    return {**finding, **details}


def _describe_cause(cause: RootCause, failures: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a cause, with the places of its findings in the list of all failures."""
    places = {id(failure): number for number, failure in enumerate(failures)}
    return {
        "title": cause.title,
        "extent": cause.extent,
        "leader": places[id(cause.leader)],
        "followers": [places[id(finding)] for finding in cause.followers],
        "operations": cause.operations,
        "callers": list_callers(cause.operations),
        "rules": cause.rules,
        "checks": cause.checks,
        "why": cause.reasons,
    }


def build_har(exchanges: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the exchanges as an HTTP Archive 1.2; a body that was cut says so in its comment."""
    entries = [_build_entry(exchange) for exchange in exchanges]
    creator = {"name": "credcheck", "version": _read_own_version()}
    return {"log": {"version": "1.2", "creator": creator, "pages": [], "entries": entries}}


def _build_entry(exchange: Mapping[str, Any]) -> dict[str, Any]:
    request_headers = lower_names(exchange["request_headers"])
    response_headers = lower_names(exchange["response_headers"])
    request_body, whole_request = split_cut_text(exchange["request_body"])
    response_body, whole_response = split_cut_text(exchange["response_body"])
    request = {
        "method": exchange["method"],
        "url": exchange["url"],
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _build_pairs(exchange["request_headers"].items()),
        "queryString": _build_pairs(parse_query(exchange["url"])),
        "headersSize": -1,
        "bodySize": whole_request or _measure(request_body),
    }
    if request_body:
        media_type = request_headers.get("content-type", "")
        request["postData"] = {
            "mimeType": media_type,
            **_build_text(request_body),
            **_describe_cut(request_body, whole_request),
        }
    return {
        "startedDateTime": exchange["started"],
        "time": exchange["milliseconds"],
        "request": request,
        "response": {
            "status": exchange["status"],
            "statusText": responses.get(exchange["status"], ""),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _build_pairs(exchange["response_headers"].items()),
            "content": {
                "size": whole_response or _measure(response_body),
                "mimeType": response_headers.get("content-type", ""),
                **_build_text(response_body),
                **_describe_cut(response_body, whole_response),
            },
            "redirectURL": response_headers.get("location", ""),
            "headersSize": -1,
            "bodySize": whole_response or _measure(response_body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": exchange["milliseconds"], "receive": 0},
        "comment": " ".join(
            exchange[name] for name in ("rule", "operation", "actor") if exchange[name]
        ),
    }


def _build_text(body: str) -> dict[str, str]:
    if read_binary(body) is None:
        return {"text": body}
    return {"text": body.removeprefix(BINARY), "encoding": "base64"}


def _describe_cut(text: str, whole: int | None) -> dict[str, str]:
    """Return what says of a body that only its beginning is kept."""
    if whole is None:
        return {}
    return {"comment": f"cut: only the first {len(text)} characters of {whole} bytes are kept"}


def _build_pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _measure(text: str) -> int:
    binary = read_binary(text)
    return len(text.encode("utf-8", "replace") if binary is None else binary)


def _read_own_version() -> str:
    try:
        return version("credmock")
    except PackageNotFoundError:  # a checkout that is not installed
        return "0"


def make_environment(folder: Path) -> jinja2.Environment:
    """Return what fills in the pages of a folder; no text becomes markup, none is invisible."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: escape_invisible(value) if type(value) is str else value,
    )
    environment.filters["pretty"] = format_body
    return environment


def render_html(document: Mapping[str, Any]) -> str:
    """Return the page; it loads nothing, and no text of the target becomes markup."""
    environment = make_environment(_FOLDER)
    environment.filters["code"] = _mark_code
    environment.tests["copied"] = is_copied
    environment.filters["start_advice"] = describe_start
    return environment.get_template("report.html.j2").render(
        report=document,
        notices=select_notices(document["notices"], document["not_tested"]),
        evidence=EVIDENCE,
        root=_find_common_root([row["path"] for row in document["coverage"]]),
        grouped={row["rule"]: _group_cells(row["cells"]) for row in document["matrix"]},
    )


def _group_cells(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the cells of a rule by outcome and reason, the failed ones first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        if cell["outcome"] != "not applicable":
            groups.setdefault((cell["outcome"], cell["reason"]), []).append(cell["operation"])
    ordered = sorted(groups, key=lambda group: ORDER_OF_OUTCOMES.index(group[0]))
    return [
        {"outcome": outcome, "reason": reason, "operations": groups[outcome, reason]}
        for outcome, reason in ordered
    ]


def _mark_code(text: str) -> Markup:
    """Return a text as markup in which `words` between backticks are code."""
    escaped = str(escape(escape_invisible(text)))
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", escaped))  # noqa: S704


def escape_invisible(text: str) -> str:
    """Return a text in which invisible characters are escaped."""
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def format_body(text: str) -> str:
    """Return a body for reading: JSON is indented if that loses nothing, a long text is cut."""
    try:
        value = json.loads(text, object_pairs_hook=_refuse_repeated_names)
        text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    except (ValueError, RecursionError):  # not JSON, or JSON that parsing would change
        pass
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[:LONGEST_SHOWN]}\n… {len(text) - LONGEST_SHOWN} more characters"


def _refuse_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a name is repeated")
    return fields


def _find_common_root(paths: list[str]) -> str:
    """Return the path that all paths begin with, without a trailing slash."""
    return posixpath.commonpath(paths) if paths else ""
