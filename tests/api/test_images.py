"""Images: upload, search, the file itself, and what credentials show of it."""

from pathlib import Path
from typing import Any

import pytest

from mockserver.api.operations.images import MOST_BYTES, MOST_UPLOADS
from mockserver.framework.uploads import EXTENSIONS, detect_media_type
from tests.conftest import API
from tests.support.paths import PICTURES
from tests.support.world import DOCUMENT

PICTURES = sorted(PICTURES.iterdir())
NO_IMAGE = (
    "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
)
NO_FILE = "The submitted data was not a file. Check the encoding type on the form."
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">%s</svg>'
LARGEST = 2_097_152


def upload(api: API, content: bytes, file_name: str = "a.bin", **fields: Any) -> Any:
    """Upload a file and return the answer."""
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts.append(f'name="image"; filename="{file_name}"\r\n\r\n'.encode() + content)
    start = b"--mark\r\nContent-Disposition: form-data; "
    body = b"".join(start + part + b"\r\n" for part in parts) + b"--mark--\r\n"
    return api.post(path="images/", data=body, content_type="multipart/form-data; boundary=mark")


def served(api: API, image: dict[str, Any]) -> Any:
    """Return what is served at an image's address."""
    return api.acting(None).get(image["image"].removeprefix("http://localhost"))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda each: each.name)
def test_a_picture_is_stored_and_served(api: API, picture: Path) -> None:
    """What is uploaded comes back byte for byte, with the type of its content, to anybody."""
    response = upload(api, picture.read_bytes(), "../../etc/passwd", name="Harbour")
    assert response.status_code == 200
    assert response.json.keys() == {"id", "name", "image"}
    assert response.json["name"] == "Harbour"
    file = served(api, response.json)
    assert file.data == picture.read_bytes()
    assert EXTENSIONS[file.content_type] == picture.suffix[1:]


@pytest.mark.parametrize("picture", PICTURES, ids=lambda each: each.name)
def test_the_content_decides_and_not_the_name(picture: Path) -> None:
    """A picture is one under any name; one that was cut off or damaged is none."""
    content = picture.read_bytes()
    assert detect_media_type(content) is not None
    for kept in (len(content) // 2, len(content) - 80, 12, 1):
        assert detect_media_type(content[:kept]) is None, kept
    assert detect_media_type(b"x" + content) is None


@pytest.mark.parametrize(
    "content",
    [
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        b"<html><body>no</body></html>",
        b"<svg/>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        b'<?xml version="1.0" encoding="no-such"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b'{"a": 1}',
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xd9",
        b"RIFF\x0c\x00\x00\x00WEBPVP8 \x00\x00\x00\x00",
        b"\x00" * 100,
    ],
)
def test_what_is_no_picture_is_400(api: API, content: bytes) -> None:
    """Other formats, other text and empty shells are refused in the framework's words."""
    response = upload(api, content, "badge.png")
    assert (response.status_code, response.json) == (400, {"image": [NO_IMAGE]})


def test_an_svg_cannot_run_scripts(api: API) -> None:
    """An SVG is served under a policy that forbids everything but its own styles."""
    response = upload(api, SVG % b"<script>alert(1)</script>")
    headers = served(api, response.json).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"json": {}}, "No file was submitted."),
        ({"json": {"image": None}}, "This field may not be null."),
        ({"json": {"image": "a.png"}}, NO_FILE),
        ({"data": {"image": "a.png"}}, NO_FILE),
        ({"data": b""}, "No file was submitted."),
    ],
)
def test_without_a_file_it_is_400(api: API, body: dict[str, Any], message: str) -> None:
    """No file, a text in its place, an empty one: each has the framework's message."""
    response = api.post(path="images/", **body)
    assert (response.status_code, response.json) == (400, {"image": [message]})


def test_empty_and_unchosen_files_are_400(api: API) -> None:
    """A file without bytes is empty; Django takes one without a name for a text."""
    assert upload(api, b"").json == {"image": ["The submitted file is empty."]}
    assert upload(api, SVG % b"", "").json == {"image": [NO_FILE]}
    for name in ("/", "..", "a/../"):  # names of folders, of which nothing is left
        assert upload(api, SVG % b"", name).json == {"image": ["No file was submitted."]}


def test_both_fields_are_told_at_once(api: API) -> None:
    """A name that is too long and a file that is no picture are one answer."""
    response = upload(api, b"no", name="x" * 255)
    assert response.json == {
        "name": ["Ensure this field has no more than 254 characters."],
        "image": [NO_IMAGE],
    }


def test_the_size_is_bounded(api: API) -> None:
    """A picture of the largest size is stored; one byte or far more is 400 on the field."""
    largest = SVG % (b" " * (LARGEST - len(SVG) + 2))
    assert len(largest) == LARGEST
    assert upload(api, largest).status_code == 200
    refused = upload(api, largest + b"\n")
    assert refused.json == {
        "image": [f"Ensure this file has no more than {LARGEST} bytes (it has {LARGEST + 1})."]
    }
    for size in (3_000_000, 8_000_000):
        huge = upload(api, b" " * size)
        assert huge.status_code == 400
        assert huge.json == {
            "image": [f"Ensure this file has no more than {LARGEST} bytes (it has {size})."]
        }


def test_the_number_of_uploads_is_bounded(api: API) -> None:
    """A world does not grow without end, and what is there stays."""
    statuses = {upload(api, SVG % b"").status_code for _ in range(MOST_UPLOADS)}
    assert 200 in statuses
    refused = upload(api, SVG % b"")
    assert refused.json == {"image": ["There is no room for more images."]}
    assert len(api.get("images/?query=Python").json) == 1


def test_the_bytes_of_uploads_are_bounded(api: API) -> None:
    """Large files fill a world before their number does."""
    largest = SVG % (b" " * (LARGEST - len(SVG) + 2))
    statuses = [upload(api, largest).status_code for _ in range(MOST_BYTES // LARGEST + 1)]
    assert statuses.count(200) in range(2, MOST_BYTES // LARGEST + 1)
    assert statuses[-1] == 400


def test_search_finds_by_name(shared_api: API) -> None:
    """Exactly the platform's images whose name contains the text, in any case, by id."""
    for term in ("badge", "BADGE", "border", "zzz", "%"):
        expected = [
            (each["id"], each["name"])
            for each in DOCUMENT["images"]
            if each["platform"] == "main" and term.lower() in each["name"].lower()
        ]
        found = shared_api.get("images/", query_string={"query": term}).json
        assert [(each["id"], each["name"]) for each in found] == expected
    assert shared_api.get("images/").json == {"query": ["This field is required."]}
    assert shared_api.get("images/?query=+").json == {"query": ["This field may not be blank."]}


def test_an_upload_is_found_by_its_name_only(api: API) -> None:
    """With a name it is found by it, without one by nothing."""
    named = upload(api, SVG % b"", name="Lighthouse").json
    unnamed = upload(api, SVG % b"").json
    assert api.get("images/?query=LIGHTHOUSE").json == [named]
    assert unnamed["name"] is None
    assert unnamed["id"] > named["id"]


def test_a_credential_shows_an_upload(api: API) -> None:
    """The three ids refer to images, and the credential shows their addresses."""
    first, second, third = (upload(api, SVG % b"", name=f"n{i}").json for i in range(3))
    created = api.create(
        icon_image_id=first["id"], background_image_id=second["id"], thumbnail_image_id=third["id"]
    )
    for name, image in (("icon", first), ("background", second), ("thumbnail", third)):
        assert created[f"{name}Image"] == image["image"]
        assert created[f"{name}_image_id"] == image["id"]
    assert api.result(created["entityId"]) == created


def test_images_belong_to_their_platform(api: API) -> None:
    """Another platform neither finds an image nor may refer to it."""
    image = upload(api, SVG % b"", name="Harbour").json
    acme = api.acting("acme-admin-key", "/api/credentials/orgs/acme/users/11/")
    assert acme.get("images/?query=harbour").json == []
    response = acme.post({"name": "n", "issuer": acme.issuer(), "icon_image_id": image["id"]})
    assert response.json == {
        "icon_image_id": [f'Invalid pk "{image["id"]}" - object does not exist.']
    }


@pytest.mark.parametrize("name", ["..%2Fworld.json", "upload-999.png", "%00", "a/b.svg"])
def test_only_pictures_are_served(shared_api: API, name: str) -> None:
    """No path leads out of the pictures."""
    assert shared_api.get(f"/__mock__/images/{name}").status_code == 404
