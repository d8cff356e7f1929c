"""The mock with legitimate differences, in the operations that the twin does not have."""

import hashlib
import json
from typing import Any

from flask import Flask, request
from flask import Response as FlaskResponse

from mockserver import Config, create_app
from mockserver.config import RELEASES

OTHER_KEY = "acme-admin-key"


def vary(app: Flask) -> Flask:
    """Encode pictures anew, mask settings, and hide a platform from another one's admin."""

    @app.after_request
    def change(response: FlaskResponse) -> FlaskResponse:
        if response.status_code == 403 and OTHER_KEY in request.headers.get("Authorization", ""):
            response.status_code = 404
        elif response.mimetype == "image/png":
            response.direct_passthrough = False
            digest = hashlib.sha256(response.get_data()).digest()
            response.set_data(b"RIFF....WEBP" + digest)
            response.mimetype = "image/webp"
        elif request.path.endswith("/provider-config/") and response.is_json:
            response.set_data(json.dumps(mask(response.get_json())))
        return response

    return app


def mask(value: Any) -> Any:
    """Hide the values of each `config`."""
    if isinstance(value, list):
        return [mask(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: dict.fromkeys(item, "****") if key == "config" and item else mask(item)
        for key, item in value.items()
    }


application = vary(create_app(Config(api_version=RELEASES[-1])))
