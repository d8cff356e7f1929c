"""A page of another origin, and a person who opens the mock's address, see what is wrong."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.conftest import MAIN
from tests.support.server import running

FETCH = """async ([url, options]) => {
  const answer = await fetch(url, {headers: {Authorization: "Api-Key main-admin-key"}, ...options});
  return [answer.status, answer.headers.get("X-Mock-Hint")];
}"""


@pytest.mark.slow
def test_a_page_reads_its_hints(browser: Browser, files: str) -> None:
    """Also outside of the prefix, where the browser asks first with OPTIONS."""
    with running("--quiet", "--prefix", "/dm") as server:
        page = browser.new_page()
        root = server.url.removesuffix("/dm")
        page.goto(files)

        def ask(path: str) -> tuple[int, str]:
            status, hint = page.evaluate(FETCH, [root + path, {}])
            return status, hint

        assert ask(MAIN) == (404, f"this mock serves below `/dm`: ask for `/dm{MAIN}`")
        status, hint = ask(f"/dm/__sandbox__/shop{MAIN}?pageSize=2")
        assert (status, "did you mean `page_size`?" in hint) == (200, True)
        for path in ("", "/", "/dm", "/dm/__sandbox__/shop"):
            page.goto(root + path)
            assert urlsplit(page.url).path == f"{path.rstrip('/')}/__mock__/"
        page.close()
