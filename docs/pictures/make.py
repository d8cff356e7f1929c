"""Take the pictures that the README shows: `make pictures`, which needs Debian's Chromium.

`page.png` is the page of a mock that was asked a few things, `credentials.png` its wall of
badges, `report.png` the report of a run
against a deployment with one defect. Both are taken of the running programs, so they
cannot show what is not there.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from mockserver.control.client import Control
from mockserver.files import WORLD
from mockserver.testing import DoesNotStart, serving
from tests.differential.twin.server import serve_twin

HERE = Path(__file__).resolve().parent
WIDTH = 1280
MOST_BYTES = 300_000
ADDRESS = "127.0.0.1:8765"
"""The default address of the mock; a picture should not show another port."""
ALL_PICTURES_ARE_LOADED = "() => [...document.images].every((image) => image.complete)"
USER = "/api/credentials/orgs/main/users/1/"
DEFECT = "num-pages-is-rounded-down"
KEYS = {
    "CREDCHECK_KEY_ADMIN": "main-admin-key",
    "CREDCHECK_KEY_DEPARTMENT_ADMIN": "main-department-admin-key",
    "CREDCHECK_KEY_LEARNER": "main-learner-key",
    "CREDCHECK_KEY_OTHER_ORG_ADMIN": "acme-admin-key",
    "CREDCHECK_KEY_RETIRED": "retired-key",
}
"""The keys of the world that ships, for the deployment with the defect."""
TARGET = """\
[target.staging]
base_url = "{url}"
org = "main"
user_id = "1"
username = "admin"
learner_username = "learner"
other_org = "acme"
other_user_id = "11"
without = ["images", "assignments", "course-credentials", "exim", "providers", "analytics"]
"""


def main() -> None:
    """Write all pictures."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("make pictures needs Chromium: apt-get install chromium, or make debian")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        try:
            take_page(browser)
        except DoesNotStart as error:
            sys.exit(f"make pictures needs the address {ADDRESS}: {error}")
        take_report(browser)
        browser.close()


def take_page(browser: Browser) -> None:
    """Take the page of a mock with an open request, and with a credential; raises DoesNotStart."""
    with serving("--quiet", "--bind", ADDRESS, "--now", "2026-06-01T12:00:00Z") as url:
        send_requests(url)
        with opened(browser, f"{url}/__mock__/", height=900) as page:
            page.locator("tr.row", has_text="400").click()
            page.get_by_role("region", name="Body of the request").wait_for()
            save(page, "page.png")
        with opened(browser, f"{url}/__mock__/?view=credentials&q=data", height=900) as page:
            page.locator(".card", has_text="Professional Data Analyst").click()
            page.get_by_role("heading", name="Certificate").wait_for()
            page.wait_for_function(ALL_PICTURES_ARE_LOADED)
            save(page, "credentials.png")


def take_report(browser: Browser) -> None:
    """Take the report of a deployment that has a defect."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        report = test_broken_deployment(Path(folder))
        with opened(browser, report.as_uri(), height=960) as page:
            save(page, "report.png")


def send_requests(url: str) -> None:
    """Send what a front end in development sends, mistakes included."""
    issuers = send(url, "GET", f"{USER}issuers/")["result"]["data"]
    issuer = issuers[0]["entityId"]
    send(url, "GET", f"{USER}?search=python&page_size=2")
    send(url, "POST", USER, {"name": "Data Ethics", "issuers": issuer})
    send(url, "POST", USER, {"name": "Data Ethics", "issuer": issuer})
    send(url, "GET", f"{USER}?page=99")
    Control(url).fault(method="GET", status=503, times=1)
    send(url, "GET", f"{USER}?page=2")
    send(url, "GET", f"{USER}?serch=ethics")


def send(url: str, method: str, path: str, body: object = None) -> Any:
    """Send one request and return its JSON, of an error too."""
    headers = {"Authorization": "Api-Key main-admin-key"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{url}{path}", data, headers, method=method)  # noqa: S310  (loopback)
    try:
        with urlopen(request) as response:  # noqa: S310
            content = response.read()
    except HTTPError as error:
        content = error.read()
    return json.loads(content)


def test_broken_deployment(folder: Path) -> Path:
    """Run credcheck against a deployment with one defect, and return its report."""
    config = folder / "credcheck.toml"
    with serve_twin(WORLD, defect=DEFECT, hardened=True) as url:
        config.write_text(TARGET.format(url=url), encoding="utf-8")
        command = [sys.executable, "-m", "contract_tests.cli", "run", "staging", "--seed", "42"]
        command += ["--config", str(config), "--profile", "quick", "--report", str(folder)]
        command += ["--journal", str(folder / "journal"), "--max-latency", "5"]
        ended = subprocess.run(  # noqa: S603  (this program, with the words above)
            command, capture_output=True, text=True, env={**os.environ, **KEYS}
        )
    if ended.returncode != 1:
        sys.exit(f"the defect {DEFECT} was not found: {ended.stdout}{ended.stderr}")
    return folder / "report.html"


@contextmanager
def opened(browser: Browser, address: str, height: int) -> Iterator[Page]:
    """Load an address in a window of so many pixels, with a light theme."""
    size = ViewportSize(width=WIDTH, height=height)
    context = browser.new_context(viewport=size, color_scheme="light")
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready")
    yield page
    context.close()


def save(page: Page, name: str) -> None:
    """Write what the window shows, unless it is larger than a README should load."""
    picture = page.screenshot(animations="disabled")
    if len(picture) > MOST_BYTES:
        sys.exit(f"{name} has {len(picture)} bytes, more than {MOST_BYTES}")
    (HERE / name).write_bytes(picture)
    print(f"docs/pictures/{name}: {len(picture)} bytes")


if __name__ == "__main__":
    main()
