"""A page of another origin draws the pictures of the mock and exports what it drew."""

import pytest
from playwright.sync_api import Browser

from mockserver.control.client import Control

DRAW = """async ([url, crossOrigin]) => {
  const image = new Image();
  if (crossOrigin) image.crossOrigin = crossOrigin;
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8;
  canvas.getContext("2d").drawImage(image, 0, 0, 8, 8);
  try { return canvas.toDataURL().slice(0, 22); } catch (error) { return error.name; }
}"""
INCLUDE = """async (url) => {
  const headers = {Authorization: "Api-Key main-admin-key", "X-Mock-Sandbox": "other"};
  const answer = await fetch(url, {credentials: "include", headers});
  return answer.status;
}"""


@pytest.mark.slow
def test_a_certificate_can_be_exported(browser: Browser, files: str, world: Control) -> None:
    """With `crossorigin`, after the same picture was cached without; the API with cookies, too."""
    page = browser.new_page()
    page.goto(files)
    picture = f"{world.base_url}/__mock__/images/medal.svg"
    drawn = [page.evaluate(DRAW, [picture, mode]) for mode in ("", "anonymous", "use-credentials")]
    assert drawn == ["SecurityError", "data:image/png;base64,", "data:image/png;base64,"]
    url = f"{world.base_url}/api/credentials/orgs/main/users/1/"
    assert page.evaluate(INCLUDE, url) == 200
    page.close()
