"""What everybody may read beside the API, under `/__mock__/`: health, contract, images."""

from functools import lru_cache
from importlib.metadata import version

import orjson
import yaml
from flask import Blueprint, Response, request, send_from_directory

from mockserver.api.service import Service
from mockserver.files import IMAGES
from mockserver.sandbox.registry import read_sandbox_name

PICTURE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
"""A picture opened as a page must not run what somebody put into it."""


def control_plane(service: Service) -> Blueprint:
    """Return the routes below `/__mock__/`."""
    plane = Blueprint("control", __name__, url_prefix="/__mock__")

    @lru_cache(maxsize=8)
    def document(server: str, form: str) -> bytes:
        served = {
            **service.contract.document,
            "servers": [{"url": server, "description": "This mock"}],
        }
        if form == "json":
            return orjson.dumps(served)
        text: str = yaml.safe_dump(served, sort_keys=False, allow_unicode=True, width=100)
        return text.encode()

    @plane.get("/health")
    def health() -> dict[str, str]:
        """Tell that the mock serves, and which version it is."""
        return {"status": "ok", "version": version("credmock")}

    @plane.get("/openapi.<any(yaml, json):form>")
    def openapi(form: str) -> Response:
        """Return the contract with `servers` set to this mock."""
        body = document(request.host_url.rstrip("/") + request.root_path, form)
        return Response(body, content_type=f"application/{form}")

    @plane.get("/images/<name>")
    def image(name: str) -> Response:
        """Return a picture that a credential shows: an upload, or one of the fixtures."""
        sandbox = service.sandboxes.get(read_sandbox_name(request.environ))
        upload = sandbox.store.uploads.get(name)
        if upload is None:
            response = send_from_directory(IMAGES, name, max_age=3600)
        else:
            response = Response(upload.content, content_type=upload.media_type)
        response.headers.update(PICTURE_HEADERS)
        return response

    return plane
