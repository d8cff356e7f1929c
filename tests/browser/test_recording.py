"""What Chromium does is recorded by Playwright, and judged."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from contract_tests.traffic.judge import judge_archive
from mockserver.control.client import Control
from tests.traffic.recording import DEFECTS, KEY, use_the_application

FETCH = """
async ([method, url, body, key]) => {
    const headers = {Authorization: `Api-Key ${key}`};
    if (body) headers["Content-Type"] = "application/json";
    const response = await fetch(url, {method, headers, body: body && JSON.stringify(body)});
    const text = await response.text();
    try { return JSON.parse(text) } catch { return null }
}
"""


def test_a_recording_of_chromium_conforms_until_a_defect_is_planted(
    browser: Browser, world: Control, mock: str, tmp_path: Path
) -> None:
    """The mock has no failure in it, each planted defect its own, and no key is in a report."""
    file = tmp_path / "traffic.har"
    context = browser.new_context(record_har_path=file)
    page = context.new_page()
    page.goto(f"{mock}/__mock__/")

    def send(method: str, path: str, body: Any) -> Any:
        return page.evaluate(FETCH, [method, f"{world.base_url}{path}", body, KEY])

    use_the_application(send)
    context.close()
    sound = judge_archive(file, environment={})
    assert sound.failures == []
    assert (sound.exit_code, sound.headline) == (0, "conforms")
    text = file.read_text()
    assert KEY in text  # a browser hides nothing
    found = {}
    for name, (plant, _) in DEFECTS.items():
        archive = json.loads(text)
        plant(archive)
        file.write_text(json.dumps(archive))
        verdict = judge_archive(file, environment={})
        found[name] = {failure["rule"] for failure in verdict.failures}
        assert KEY not in str(vars(verdict)), name
    assert found == {name: {rule} for name, (_, rule) in DEFECTS.items()}
