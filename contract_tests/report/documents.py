"""The reports of a run: `report.json`, `report.html` and `traffic.har`, from one verdict."""

import json
import os
import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping
from http.client import responses
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jinja2
import jsonschema_rs
from markupsafe import Markup, escape

from contract_tests.catalogue import RULES
from contract_tests.engine.outcome import UsageError
from contract_tests.report.coverage import coverage, lower_case, matrix, query_of
from contract_tests.report.verdict import Verdict

VERSION = 1
"""Of `report.json`; it grows when a reader of an older one would go wrong."""
OUTCOMES = ("conforms", "breaches", "usage", "not judged")
EVIDENCE = {
    "C": "client code that runs against production",
    "N": "the narrative reference",
    "G": "a guide for API users",
    "P": "the published description",
    "F": "what the framework does by itself",
    "choice": "a choice of this contract",
    "option": "a limit that you set",
}
LONGEST_SHOWN = 6_000
_HERE = Path(__file__).resolve().parent
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What cannot be written, cannot be seen, or turns the text around it."""


def write_reports(verdict: Verdict, folder: Path) -> None:
    """Write the three files into a folder, which is made; raises UsageError if it cannot be."""
    document = report_document(verdict)
    files = {
        "report.json": as_json(document),
        "report.html": as_html(document),
        "traffic.har": as_json(har(verdict.exchanges), indent=None),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            _replace(folder / name, text)
    except OSError as error:
        raise UsageError(f"the reports cannot be written: {error}") from error


def _replace(path: Path, text: str) -> None:
    """Write a file as a whole: whoever reads it sees the old or the new one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def read_report(path: Path) -> dict[str, Any]:
    """Return what is in a `report.json`; raises UsageError for any other file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError):
        raise UsageError(f"{path}: this is no JSON; name the report.json of a run") from None
    problem = next(report_validator().iter_errors(document), None)
    if problem is not None:
        place = "/".join(map(str, problem.instance_path)) or "the top"
        raise UsageError(f"{path}: this is no report of credcheck, version {VERSION} (see {place})")
    report: dict[str, Any] = document
    return report


def report_validator() -> jsonschema_rs.Validator:
    """Return the validator of `report.json`."""
    schema = json.loads((_HERE / "report.schema.json").read_text(encoding="utf-8"))
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def as_json(document: Any, indent: int | None = 2) -> str:
    """Return a document as JSON; half a surrogate pair, which no file can hold, is spelt out."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    return _SURROGATE.sub(lambda half: f"\\\\u{ord(half[0]):04x}", text) + "\n"


def report_document(verdict: Verdict) -> dict[str, Any]:
    """Return everything that is told about a run, as `report.schema.json` describes it."""
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
        "profile": verdict.profile,
        "seed": verdict.seed,
        "run_id": verdict.run_id,
        "writes": verdict.writes,
        "started": verdict.started,
        "seconds": verdict.seconds,
        "requests": verdict.requests,
        "exchanges_kept": len(verdict.exchanges),
        "counts": dict(verdict.counts),
        "breaches": [_told(each) for each in verdict.breaches],
        "accepted": [_told(each) for each in verdict.accepted],
        "complaints": list(verdict.complaints),
        "left_behind": list(verdict.left_behind),
        "not_reached": list(verdict.not_reached),
        "unreachable_here": dict(verdict.unreachable_here),
        "notices": list(verdict.notices),
        "results": [
            {
                "rule": each.rule,
                "test": each.test,
                "outcome": each.outcome,
                "reason": each.reason,
                "seconds": each.seconds,
                "findings": [
                    {name: found[name] for name in ("rule", "operation", "message")}
                    for found in each.findings
                ],
            }
            for each in verdict.results
        ],
        "matrix": list(matrix(verdict)),
        "coverage": list(coverage(verdict)),
    }


def _told(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding with the law that it breaks."""
    law = RULES[finding["rule"]]
    exchange = finding["exchange"]
    about = {"law": law.requirement, "why": law.why, "evidence": list(law.evidence)}
    curl = exchange["curl"] if exchange else ""
    return {**finding, **about, "curl": curl, "steps": list(finding["steps"])}


def har(exchanges: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the exchanges as an HTTP Archive 1.2; sizes are those of the texts that were kept."""
    entries = [_entry(each) for each in exchanges]
    creator = {"name": "credcheck", "version": _own_version()}
    return {"log": {"version": "1.2", "creator": creator, "pages": [], "entries": entries}}


def _entry(exchange: Mapping[str, Any]) -> dict[str, Any]:
    asked, answered = lower_case(exchange["request_headers"]), lower_case(exchange["reply_headers"])
    body, reply = exchange["request_body"], exchange["reply_body"]
    request = {
        "method": exchange["method"],
        "url": exchange["url"],
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(exchange["request_headers"].items()),
        "queryString": _pairs(query_of(exchange["url"])),
        "headersSize": -1,
        "bodySize": _size(body),
    }
    if body:
        request["postData"] = {"mimeType": asked.get("content-type", ""), "text": body}
    return {
        "startedDateTime": exchange["started"],
        "time": exchange["milliseconds"],
        "request": request,
        "response": {
            "status": exchange["status"],
            "statusText": responses.get(exchange["status"], ""),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(exchange["reply_headers"].items()),
            "content": {
                "size": _size(reply),
                "mimeType": answered.get("content-type", ""),
                "text": reply,
            },
            "redirectURL": answered.get("location", ""),
            "headersSize": -1,
            "bodySize": _size(reply),
        },
        "cache": {},
        "timings": {"send": 0, "wait": exchange["milliseconds"], "receive": 0},
        "comment": " ".join(
            exchange[name] for name in ("rule", "operation", "actor") if exchange[name]
        ),
    }


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _own_version() -> str:
    try:
        return version("credmock")
    except PackageNotFoundError:  # a checkout that nobody installed
        return "0"


def as_html(document: Mapping[str, Any]) -> str:
    """Return the page for people; nothing in it is fetched, nothing of the target is markup."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters["pretty"] = pretty
    environment.filters["ticks"] = _ticks
    environment.filters["shell"] = shlex.quote
    return environment.get_template("report.html.j2").render(
        report=document,
        evidence=EVIDENCE,
        root=_common_root([each["path"] for each in document["coverage"]]),
        elsewhere=any(
            each["cells"][-1]["outcome"] != "not applicable" for each in document["matrix"]
        ),
    )


def _ticks(text: str) -> Markup:
    """Return a text as markup in which `words` between ticks are code, and nothing else is."""
    escaped = str(escape(visible(text)))
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", escaped))  # noqa: S704


def visible(text: str) -> str:
    """Return a text in which characters that do not show are spelt out."""
    return _UNSEEN.sub(lambda each: f"\\u{ord(each[0]):04x}", text)


def pretty(text: str) -> str:
    """Return a body for reading: JSON is indented if that changes nothing, length is cut."""
    try:
        value = json.loads(text, object_pairs_hook=_no_name_twice)
        text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)
    except (ValueError, RecursionError):  # no JSON, or some that indenting would not keep
        pass
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[:LONGEST_SHOWN]}\n… {len(text) - LONGEST_SHOWN} more characters"


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _common_root(paths: list[str]) -> str:
    """Return the path that all begin with, without a slash at its end."""
    return posixpath.commonpath(paths) if paths else ""
