"""A verdict as CI systems show it: annotations of GitHub Actions, code quality of GitLab."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contract_tests.catalogue import RULES
from contract_tests.engine.curl import shorten_curl
from contract_tests.engine.redaction import escape_surrogates
from contract_tests.errors import UsageError
from contract_tests.report.causes import RootCause
from contract_tests.report.verdict import NOT_JUDGED, Verdict
from contract_tests.settings.command_line import PREFIX

MOST_ANNOTATIONS = 10
"""Errors of one step that GitHub shows."""
LONGEST = 500
"""Characters of a value in an annotation; the report has all of it."""
LOCATION = {"path": ".gitlab-ci.yml", "lines": {"begin": 1}}
"""GitLab asks for a file of the repository. A deployment has none, and each repository has this."""
_VALUES = re.compile(r"\"[^\"]*\"|'[^']*'|\d+")


def write_file(flag: str, path: Path, text: str) -> None:
    """Write what an option of the plugin asks for into its file; raises UsageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(escape_surrogates(text), encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        option = flag.removeprefix(PREFIX)
        raise UsageError(f"--{option}: {path} cannot be written: {reason}") from error


def render_annotations(verdict: Verdict) -> str:
    """Return a workflow command of GitHub Actions for each cause and problem, one a line.

    No text of the target ends a command or begins another one.
    """
    lines = [_annotate_cause(cause) for cause in verdict.causes]
    lines += [_annotate("credcheck", problem) for problem in verdict.problems]
    if verdict.exit_code >= NOT_JUDGED:
        lines.append(_annotate("credcheck", f"{verdict.target}: {verdict.headline}"))
    if len(lines) > MOST_ANNOTATIONS:
        more = len(lines) - MOST_ANNOTATIONS + 1
        rest = f"{more} more failures are in the summary of the job and in the report"
        lines = [*lines[: MOST_ANNOTATIONS - 1], _annotate("credcheck", rest)]
    return "".join(f"{line}\n" for line in lines)


def _annotate_cause(cause: RootCause) -> str:
    leader = cause.leader
    lines = [RULES[leader["rule"]].requirement]
    lines += [f"{name}: {leader[name][:LONGEST]}" for name in ("expected", "got") if leader[name]]
    lines += [shorten_curl(leader["exchange"]["curl"], 4 * LONGEST)] if leader["exchange"] else []
    return _annotate(f"{leader['rule']}: {cause.title}", "\n".join(lines))


def _annotate(title: str, message: str) -> str:
    title = _escape(" ".join(title.split())[:LONGEST]).replace(":", "%3A").replace(",", "%2C")
    return f"::error title={title}::{_escape(message)}"


def _escape(text: str) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return "".join(character if character.isprintable() else " " for character in text)


def render_code_quality(verdict: Verdict) -> str:
    """Return the report on code quality that GitLab shows in a merge request, as JSON."""
    return json.dumps(list(_list_issues(verdict)), ensure_ascii=False, indent=2) + "\n"


def _list_issues(verdict: Verdict) -> Iterator[dict[str, Any]]:
    known: dict[str, int] = {}
    found = [
        (cause.leader["rule"], f"{cause.leader['rule']}: {cause.title}", "major")
        for cause in verdict.causes
    ]
    found += [("credcheck", problem, "minor") for problem in verdict.problems]
    for name, description, severity in found:
        # The same in the next run, whose ids and numbers are others.
        what = f"{verdict.target} {name} {_VALUES.sub('', description)}"
        known[what] = known.get(what, 0) + 1
        digest = hashlib.sha256(f"{what} {known[what]}".encode(errors="replace"))
        yield {
            "description": description,
            "check_name": name,
            "fingerprint": digest.hexdigest(),
            "severity": severity,
            "location": LOCATION,
        }
