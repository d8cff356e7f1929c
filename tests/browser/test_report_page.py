"""The report page in a browser: nothing scrolls sideways, and everything can be read by all."""

import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from contract_tests.report.documents import write_reports
from contract_tests.report.verdict import Verdict
from tests.harness.test_report import exchange, failing, finding, verdict

LONG = "x" * 400


def crowded() -> Verdict:
    """Return the verdict of a run with long messages, values, headers and bodies."""
    shown = exchange(
        url=f"https://staging.example.org/{LONG}?{LONG}",
        request_headers={"X-Long": LONG},
        response_headers={LONG: LONG},
        response_body=json.dumps({LONG: LONG}),
        curl=f"curl -sS 'https://staging.example.org/{LONG}'",
    )
    run = failing()
    wide = finding("PAGE-03", run.failures[0]["operation"], f"`{LONG}` is missing", shown)
    run.failures += [{**wide, "expected": json.dumps({LONG: 1}), "got": json.dumps({LONG: 2})}]
    run.failures += [finding("PAGE-04", "", f"another {LONG} {n}", shown) for n in range(4)]
    run.notices += [LONG]
    run.left_behind += [LONG]
    return run


@pytest.mark.parametrize("width", [320, 768, 1440, 2560])
@pytest.mark.parametrize("make", [verdict, failing, crowded], ids=lambda make: make.__name__)
def test_nothing_scrolls_sideways(
    browser: Browser, tmp_path: Path, make: "type[Verdict]", width: int
) -> None:
    """At any width, also with all details open, neither the page nor a part of it is too wide."""
    write_reports(make(), tmp_path)
    page = browser.new_page(viewport={"width": width, "height": 900})
    try:
        page.goto((tmp_path / "report.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        wide = page.evaluate(
            """[...document.querySelectorAll('body, body *')]
            .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1
                && getComputedStyle(one).display !== 'inline')
            .map((one) => `${one.tagName}.${one.className} ${one.scrollWidth}`)"""
        )
        assert wide == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        page.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_has_no_violation(browser: Browser, tmp_path: Path, scheme: str) -> None:
    """Axe finds nothing on a failing report, with all details open."""
    write_reports(crowded(), tmp_path)
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    try:
        page.goto((tmp_path / "report.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    finally:
        page.close()
