"""Images: upload, search, the served file, and what credentials show of it."""

import struct
import zlib
from typing import Any
from urllib.parse import urlsplit

import pytest

from contract_tests.engine.exchange import Response
from contract_tests.engine.target import split_address
from contract_tests.errors import NotTested, require
from contract_tests.oracle.model import contains_possibly, contains_surely
from contract_tests.vocabulary.checks import (
    check_equal,
    check_error,
    check_field_error,
    check_refused,
    check_status,
    check_unauthorized,
)
from contract_tests.vocabulary.deployment import (
    Deployment,
    check_success,
    read_result,
)
from contract_tests.vocabulary.forms import encode_upload
from contract_tests.vocabulary.signatures import strip_signatures

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">'
    b"<script>document.title = 1</script></svg>"
)
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"\0\0\0")
"""How files of PNG, JPEG, GIF, WebP and AVIF begin."""
UNKNOWN_IMAGE = 2_000_000_000
FIELDS = {
    "icon_image_id": "iconImage",
    "background_image_id": "backgroundImage",
    "thumbnail_image_id": "thumbnailImage",
}


def make_png(deployment: Deployment, shift: int = 0) -> bytes:
    """Return a small PNG that no other run uploads; with a shift its rows are in another order."""
    shade = deployment.random.randrange(256)
    rows = b"".join(b"\0" + bytes([shade, (row + shift) % 8 * 32, 128] * 8) for row in range(8))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def upload(
    deployment: Deployment, content: bytes | None, filename: str, base: str = "", **options: Any
) -> Response:
    """Send a form with a name and, unless it is None, a file."""
    body, media_type = encode_upload(deployment.make_name("picture"), content, filename)
    headers = {"Content-Type": media_type}
    return deployment.send("POST", f"{base}images/", headers=headers, body=body, **options)


def create_image(deployment: Deployment, content: bytes, filename: str) -> dict[str, Any]:
    """Upload an image, which must succeed, and return it."""
    response = upload(deployment, content, filename)
    check_success(response)
    require(isinstance(response.value, dict), "an uploaded image is not an object", response)
    image: dict[str, Any] = response.value
    return image


def download(deployment: Deployment, image: dict[str, Any]) -> Response:
    """Return the response of an image's URL, where the target itself serves it."""
    parts = urlsplit(image["image"])
    origin, root = split_address(deployment.settings.base_url)
    if split_address(image["image"])[0] != origin:
        raise NotTested("images are served by another host")
    path = parts.path.removeprefix(root) + (f"?{parts.query}" if parts.query else "")
    return deployment.send("GET", path, actor=None)


def search_images(
    deployment: Deployment, query: str, base: str = "", **options: Any
) -> list[dict[str, Any]]:
    """Return the images that a search finds."""
    response = deployment.get(f"{base}images/", {"query": query}, **options)
    is_array = response.status == 200 and isinstance(response.value, list)
    require(is_array, "a search for images does not return an array", response)
    images: list[dict[str, Any]] = response.value
    return images


@pytest.mark.credcheck_rule("IMAGE-01")
def test_a_search_finds_by_name(deployment: Deployment) -> None:
    """Every image that is found has the text in its name, and its name finds it again."""
    for text in ("a", "e", "o", "zzzzqqqq"):
        images = search_images(deployment, text)
        for image in images:
            matches = contains_possibly([image["name"]], text)
            require(matches, "a search finds an image without the text", expected=text, got=image)
        if images:
            # Only letters that every database folds show whether the case counts.
            plain = [image for image in images if image["name"].isascii()]
            chosen = deployment.random.choice(plain or images)
            name = chosen["name"][:40].strip()
            term = name.swapcase() if name.isascii() else name
            if not contains_surely([name], term):
                continue
            again = search_images(deployment, term)
            is_found = chosen["id"] in [image["id"] for image in again]
            require(is_found, "a name does not find its image", expected=chosen, got=again[:3])


@pytest.mark.credcheck_rule("IMAGE-08")
@pytest.mark.credcheck_needs("other_org", "other_org_admin", "other_user_id")
def test_another_platforms_images_are_not_found(deployment: Deployment) -> None:
    """No image is found on two platforms."""
    for text in ("a", "e"):
        own = {image["id"] for image in search_images(deployment, text)}
        base, actor = deployment.other_path, "other_org_admin"
        others = {image["id"] for image in search_images(deployment, text, base, actor=actor)}
        both = sorted(own & others)
        require(not both, "two platforms find the same image", expected=text, got=both[:3])


@pytest.mark.credcheck_rule("IMAGE-02")
def test_a_search_needs_a_text(deployment: Deployment) -> None:
    """A missing `query` returns 400."""
    check_status(deployment.get("images/"), 400, "a search without `query`")


@pytest.mark.credcheck_rule("IMAGE-08")
def test_an_empty_text_is_refused(deployment: Deployment) -> None:
    """A missing and an empty `query` return 400 on `query`."""
    check_field_error(deployment.get("images/"), "query", "a search without `query`")
    response = deployment.get("images/", {"query": ""})
    check_field_error(response, "query", "a search with an empty `query`")


@pytest.mark.credcheck_rule("IMAGE-03")
def test_an_image_is_found_and_served(deployment: Deployment) -> None:
    """The picture that was uploaded is served, as it was sent or encoded anew."""
    check_served(deployment, "badge.png")


@pytest.mark.credcheck_rule("IMAGE-03")
def test_a_name_may_have_several_images(deployment: Deployment) -> None:
    """A second image of the same name is another one, and the first stays what it was."""
    name = deployment.make_name("picture")
    images: list[dict[str, Any]] = []
    for content in (make_png(deployment), make_png(deployment)):
        body, media_type = encode_upload(name, content, "twice.png")
        response = deployment.send(
            "POST", "images/", headers={"Content-Type": media_type}, body=body
        )
        if images and response.status == 400:
            raise NotTested("a name has one image only")
        check_success(response)
        images.append(response.value)
    ids = sorted(image["id"] for image in images)
    found = sorted(image["id"] for image in search_images(deployment, name))
    check_equal(found, ids, "a search does not find both images of a name")
    require(ids[0] != ids[1], "a second image of a name replaces the first", got=ids)


@pytest.mark.credcheck_rule("IMAGE-08")
@pytest.mark.credcheck_needs("write", "disposable")
def test_the_file_name_does_not_matter(deployment: Deployment) -> None:
    """A PNG is served as PNG, whatever its file name is."""
    check_served(deployment, "../badge.svg")


def check_served(deployment: Deployment, filename: str) -> None:
    """Require an uploaded image to be found and served as what it is."""
    content = make_png(deployment)
    image = create_image(deployment, content, filename)
    found = search_images(deployment, image["name"])
    is_found = image["id"] in [other["id"] for other in found]
    require(is_found, "an uploaded image is not found", got=image)
    response = download(deployment, image)
    media_type = response.headers.get("content-type", "")
    if response.body != content:
        check_encoded_anew(deployment, response, media_type)
        return
    is_png = media_type.startswith("image/png")
    message = "a PNG is served with another type"
    require(is_png, message, response, expected="image/png", got=media_type)


def check_encoded_anew(deployment: Deployment, response: Response, media_type: str) -> None:
    """Require a picture, and another one for another upload: a service may encode each anew."""
    is_picture = media_type.startswith("image/") and response.body.startswith(PICTURES)
    message = "the served image differs from the uploaded one"
    require(is_picture, message, response, expected="an image", got=media_type)
    other = create_image(deployment, make_png(deployment, shift=1), "other.png")
    is_same = download(deployment, other).body == response.body
    require(not is_same, "two uploads are served as one image", response)


@pytest.mark.credcheck_rule("IMAGE-04")
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "an upload without a file"),
        (b"", "an empty file"),
        (b"plain text", "a text file"),
        (b"\x89PNG\r\n\x1a\n", "a truncated PNG"),
        (b"GIF89a", "a truncated GIF"),
        (b"<html></html>", "an HTML page"),
    ],
)
def test_other_files_are_refused(deployment: Deployment, content: bytes | None, what: str) -> None:
    """A file that is not an image returns 400, whatever its name is."""
    check_field_error(upload(deployment, content, "badge.png"), "image", what)


@pytest.mark.credcheck_rule("IMAGE-05")
def test_a_credential_shows_its_images(deployment: Deployment) -> None:
    """An image id shows the image, null removes it, an unknown id returns 400."""
    image = create_image(deployment, make_png(deployment), "a.png")
    for name, shown in FIELDS.items():
        item = deployment.create(**{name: image["id"]})
        got, expected = (item[name], item[shown]), (image["id"], image["image"])
        got, expected = strip_signatures(got), strip_signatures(expected)
        check_equal(got, expected, f"`{shown}` does not show the image")
        item = deployment.update(item["entityId"], {name: None})
        check_equal(item[name], None, f"`{name}` cannot be removed")
        deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("IMAGE-06")
def test_an_svg_cannot_run_scripts(deployment: Deployment) -> None:
    """It has a policy against scripts, is a download, or is not served as SVG."""
    uploaded = upload(deployment, SVG, "a.svg")
    if uploaded.status == 400:
        raise NotTested("the target refuses SVG files, as the framework does")
    response = download(deployment, uploaded.value)
    policy = response.headers.get("content-security-policy", "")
    policies = ("default-src 'none'", "script-src 'none'", "sandbox")
    forbids = any(directive in policy for directive in policies)
    is_download = response.headers.get("content-disposition", "").startswith("attachment")
    is_not_svg = "svg" not in response.headers.get("content-type", "")
    is_safe = forbids or is_download or is_not_svg
    require(is_safe, "an SVG can run its scripts", response, got=policy)


@pytest.mark.credcheck_rule("IMAGE-07")
def test_others_cannot_upload(deployment: Deployment) -> None:
    """Refused for a learner below an admin's path and another platform's key, 401 without a key."""
    before = search_images(deployment, deployment.mark)
    for actor in ("learner", "other_org_admin"):
        response = upload(deployment, make_png(deployment), "a.png", actor=actor)
        check_refused(response, f"an upload by {actor}")
    response = upload(deployment, make_png(deployment), "a.png", actor=None)
    check_unauthorized(response, "an upload without a key")
    after = search_images(deployment, deployment.mark)
    require(after == before, "a refused upload was stored")


@pytest.mark.credcheck_rule("IMAGE-08")
@pytest.mark.credcheck_needs("write", "disposable", "learner")
def test_learners_cannot_upload_below_their_path(deployment: Deployment) -> None:
    """403 for a learner below the own path, too."""
    base = deployment.learner_path
    response = upload(deployment, make_png(deployment), "a.png", base, actor="learner")
    check_error(response, 403, "an upload by a learner")


@pytest.mark.credcheck_rule("IMAGE-05")
def test_an_existing_image_is_shown(deployment: Deployment) -> None:
    """A credential that is created with the id of an existing image shows that image."""
    images = search_images(deployment, "a")
    if not images:
        raise NotTested("the platform has no image")
    body = deployment.build_body(icon_image_id=images[0]["id"])
    response = deployment.send_json("POST", "", body)
    item = read_result(response)
    got, expected = strip_signatures([item["iconImage"], images[0]["image"]])
    check_equal(got, expected, "the icon is another image", response)
    deployment.delete(item["entityId"])
