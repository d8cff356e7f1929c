"""Images: upload, search, the file that is served, and what credentials show of it."""

import struct
import zlib
from typing import Any
from urllib.parse import urlsplit

import pytest

from contract_tests.engine.outcome import NotTested, require
from contract_tests.engine.target import Reply, address_of
from contract_tests.rules.test_access import check_challenge
from contract_tests.rules.test_errors import check_invalid, check_refusal
from contract_tests.vocabulary.deployment import Deployment, result

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">'
    b"<script>document.title = 1</script></svg>"
)


def picture(deployment: Deployment) -> bytes:
    """Return a small PNG that no other run uploads."""
    shade = deployment.random.randrange(256)
    rows = b"".join(b"\0" + bytes([shade, row * 16, 128] * 8) for row in range(8))
    parts = ((b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)),
             (b"IDAT", zlib.compress(rows)), (b"IEND", b""))  # fmt: skip
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def upload(deployment: Deployment, content: bytes | None, file: str, **options: Any) -> Reply:
    """Send a form with a name and, unless it is None, a file."""
    mark = "credcheck-boundary"
    name = deployment.name("picture")
    body = f'--{mark}\r\nContent-Disposition: form-data; name="name"\r\n\r\n{name}\r\n'.encode()
    if content is not None:
        disposition = f'Content-Disposition: form-data; name="image"; filename="{file}"'
        body += f"--{mark}\r\n{disposition}\r\n\r\n".encode() + content + b"\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    body += f"--{mark}--\r\n".encode()
    return deployment.send("POST", "images/", headers=headers, body=body, **options)


def stored(deployment: Deployment, content: bytes, file: str) -> dict[str, Any]:
    """Upload a picture, which must succeed, and return what is answered."""
    reply = upload(deployment, content, file)
    fine = reply.status in (200, 201) and isinstance(reply.value, dict)
    require(fine, "a picture is refused", reply, expected=200, got=reply.status)
    image: dict[str, Any] = reply.value
    return image


def served(deployment: Deployment, image: dict[str, Any]) -> Reply:
    """Return what is served at an image's address, where the target itself serves it."""
    parts = urlsplit(image["image"])
    origin, root = address_of(deployment.settings.base_url)
    if address_of(image["image"])[0] != origin:
        raise NotTested("images are served by another host")
    path = parts.path.removeprefix(root) + (f"?{parts.query}" if parts.query else "")
    return deployment.send("GET", path, actor=None)


def found(deployment: Deployment, query: str) -> list[dict[str, Any]]:
    """Return the images that a search finds."""
    reply = deployment.get("images/", {"query": query})
    fine = reply.status == 200 and isinstance(reply.value, list)
    require(fine, "a search for images is no array", reply)
    images: list[dict[str, Any]] = reply.value
    return images


@pytest.mark.rule("IMAGE-01")
def test_a_search_finds_by_name(deployment: Deployment) -> None:
    """Whatever is found has the text in its name, and a part of the name finds it again."""
    for letter in ("a", "e", "o", "zzzzqqqq"):
        images = found(deployment, letter)
        for image in images:
            named = letter in (image["name"] or "").lower()
            require(named, "a search finds what has not its text", got=image)
        if images:
            chosen = deployment.random.choice(images)
            again = found(deployment, chosen["name"][:40].strip().swapcase())
            there = chosen in again
            require(there, "a name does not find its image", expected=chosen, got=again[:3])


@pytest.mark.rule("IMAGE-02")
def test_a_search_needs_a_text(deployment: Deployment) -> None:
    """Without `query`, and with an empty one, it is 400."""
    check_invalid(deployment.get("images/"), "query", "a search without a text")
    check_invalid(deployment.get("images/", {"query": ""}), "query", "a search for nothing")


@pytest.mark.rule("IMAGE-03")
def test_a_picture_is_found_and_served(deployment: Deployment) -> None:
    """The bytes that come back are those that were sent, whatever the file was called."""
    content = picture(deployment)
    image = stored(deployment, content, "../badge.svg")
    require(image in found(deployment, image["name"]), "an upload is not found", got=image)
    reply = served(deployment, image)
    require(reply.body == content, "other bytes are served than were sent", reply)
    kind = reply.headers.get("content-type", "")
    require(kind.startswith("image/png"), "a PNG has another type", reply,
            expected="image/png", got=kind)  # fmt: skip


@pytest.mark.rule("IMAGE-04")
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "an upload without a file"),
        (b"", "an empty file"),
        (b"plain text", "a text file"),
        (b"\x89PNG\r\n\x1a\n", "a PNG that is cut off"),
        (b"GIF89a", "half a GIF"),
        (b"<html></html>", "a web page"),
    ],
)
def test_what_is_no_picture_is_refused(
    deployment: Deployment, content: bytes | None, what: str
) -> None:
    """Its name does not make a file a picture."""
    check_invalid(upload(deployment, content, "badge.png"), "image", what)


@pytest.mark.rule("IMAGE-05")
def test_a_credential_shows_its_images(deployment: Deployment) -> None:
    """By id on create and on change; null takes it away; an unknown id is refused."""
    image = stored(deployment, picture(deployment), "a.png")
    for name, shown in (("icon_image_id", "iconImage"), ("background_image_id", "backgroundImage"),
                        ("thumbnail_image_id", "thumbnailImage")):  # fmt: skip
        item = deployment.create(**{name: image["id"]})
        pair = (item[name], item[shown])
        expected = (image["id"], image["image"])
        require(pair == expected, f"{shown} is not the image", expected=expected, got=pair)
        item = deployment.change(item["entityId"], {name: None})
        require(item[name] is None, f"{name} cannot be taken away", got=item[name])
        reply = deployment.put(item["entityId"], {name: 2_000_000_000})
        check_invalid(reply, name, "an unknown image")
        deployment.delete(item["entityId"])


@pytest.mark.rule("IMAGE-06")
def test_an_svg_runs_no_scripts(deployment: Deployment) -> None:
    """Opened as a page it has a policy, or it is no page at all."""
    reply = served(deployment, stored(deployment, SVG, "a.svg"))
    policy = reply.headers.get("content-security-policy", "")
    forbids = "default-src 'none'" in policy or "script-src 'none'" in policy or "sandbox" in policy
    is_download = reply.headers.get("content-disposition", "").startswith("attachment")
    is_no_page = "svg" not in reply.headers.get("content-type", "")
    require(forbids or is_download or is_no_page, "an SVG may run its scripts", reply, got=policy)


@pytest.mark.rule("IMAGE-07")
def test_others_upload_nothing(deployment: Deployment) -> None:
    """403 for a learner and another platform's key, 401 for nobody; nothing is stored."""
    before = found(deployment, deployment.mark)
    for actor in ("learner", "other_org_admin"):
        reply = upload(deployment, picture(deployment), "a.png", actor=actor)
        check_refusal(reply, 403, f"an upload by {actor}")
    check_challenge(upload(deployment, picture(deployment), "a.png", actor=None), "an upload")
    require(found(deployment, deployment.mark) == before, "a refused upload was stored")


@pytest.mark.rule("IMAGE-05")
def test_a_listed_image_is_shown(deployment: Deployment) -> None:
    """A credential made with the id of an image that was there shows that image."""
    images = found(deployment, "a")
    if not images:
        raise NotTested("the platform has no image")
    reply = deployment.send_json("POST", "", deployment.body(icon_image_id=images[0]["id"]))
    item = result(reply)
    require(item["iconImage"] == images[0]["image"], "the icon is another image", reply,
            expected=images[0]["image"], got=item["iconImage"])  # fmt: skip
    deployment.delete(item["entityId"])
