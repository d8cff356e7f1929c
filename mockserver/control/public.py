"""What anybody may read beside the API, under `/__mock__/`: health, documents, images."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import orjson
import yaml
from flask import Blueprint, Response, request, send_from_directory

from mockserver.contract.contract import Contract
from mockserver.contract.document import read_document
from mockserver.control.guard import URL_PREFIX, current_sandbox, current_service
from mockserver.files import CONTROL, IMAGES

PICTURE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Origin",  # a copy that a page has cached without CORS is none for a canvas
}
"""A picture opened as a page must not run what somebody put into it."""


blueprint = Blueprint("control", __name__, url_prefix=URL_PREFIX)
"""The routes that anybody may read."""


@blueprint.get("/health")
def health() -> dict[str, str]:
    """Report that the mock serves, and its version."""
    return {"status": "ok", "version": version("credmock")}


@blueprint.get("/openapi.<any(yaml, json):form>")
def openapi(form: str) -> Response:
    """Return the contract with `servers` set to this mock."""
    body = _write_document(current_service().contract, find_own_address(), form)
    return Response(body, content_type=f"application/{form}")


@blueprint.get("/control.<any(yaml, json):form>")
def control(form: str) -> Response:
    """Return the description of the control plane with `servers` set to this mock."""
    document = set_server(read_control_document(), find_own_address())
    return Response(_encode(document, form), content_type=f"application/{form}")


@blueprint.get("/images/<name>")
def image(name: str) -> Response:
    """Return a picture that a credential shows: an upload, or one of the fixtures."""
    upload = current_sandbox().store.uploads.get(name)
    if upload is None:
        response = send_from_directory(IMAGES, name, max_age=3600)
    else:
        response = Response(upload.content, content_type=upload.media_type)
    response.headers.update(PICTURE_HEADERS)
    return response


def find_own_address() -> str:
    """Return the base URL that the current request was sent to, with its sandbox and prefix."""
    return current_service().base_url(request.host_url, request.root_path)


def set_server(document: Mapping[str, Any], server: str) -> dict[str, Any]:
    """Return a description with this mock as its only server."""
    return {**document, "servers": [{"url": server, "description": "This mock"}]}


@lru_cache(maxsize=1)
def read_control_document() -> dict[str, Any]:
    """Return the description of the control plane, which nobody may change."""
    return read_document(CONTROL)


@lru_cache(maxsize=8)
def _write_document(contract: Contract, server: str, form: str) -> bytes:
    """Return the document of a contract as it is served; a contract never changes."""
    return _encode(set_server(contract.document, server), form)


def _encode(document: Mapping[str, Any], form: str) -> bytes:
    if form == "json":
        return orjson.dumps(document)
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()
