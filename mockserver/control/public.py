"""What anybody may read beside the API, under `/__mock__/`: health, contract, images."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version

import orjson
import yaml
from flask import Blueprint, Response, request, send_from_directory

from mockserver.contract.contract import Contract
from mockserver.control.guard import URL_PREFIX, current_sandbox, current_service
from mockserver.files import IMAGES

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
    server = current_service().base_url(request.host_url, request.root_path)
    body = _write_document(current_service().contract, server, form)
    return Response(body, content_type=f"application/{form}")


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


@lru_cache(maxsize=8)
def _write_document(contract: Contract, server: str, form: str) -> bytes:
    """Return the document of a contract as it is served; a contract never changes."""
    document = {**contract.document, "servers": [{"url": server, "description": "This mock"}]}
    if form == "json":
        return orjson.dumps(document)
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return text.encode()
