"""Request bodies as forms: urlencoded and multipart."""

import json
from typing import Any
from urllib.parse import urlencode

from contract_tests.engine.exchange import Response
from contract_tests.vocabulary.deployment import Deployment

FORM = "application/x-www-form-urlencoded"
BOUNDARY = "credcheck-boundary"
KINDS = ("urlencoded", "multipart")


def list_form_fields(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Return fields as a form contains them: objects as JSON, lists as repeated keys."""
    pairs: list[tuple[str, str]] = []
    for name, value in fields.items():
        if isinstance(value, list):
            pairs += [(name, item) for item in value]
        elif isinstance(value, str):
            pairs.append((name, value))
        else:
            pairs.append((name, json.dumps(value)))
    return pairs


def encode_form(pairs: list[tuple[str, str]], kind: str) -> tuple[bytes, str]:
    """Return a form of one of the two kinds, and its content type."""
    if kind == "urlencoded":
        return urlencode(pairs).encode(), FORM
    parts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in pairs
    )
    return f"{parts}--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


def send_form(
    deployment: Deployment, method: str, path: str, pairs: list[tuple[str, str]], kind: str
) -> Response:
    """Send a form of one of the two kinds."""
    body, media_type = encode_form(pairs, kind)
    return deployment.send(method, path, headers={"Content-Type": media_type}, body=body)


def encode_upload(name: str, content: bytes | None, filename: str) -> tuple[bytes, str]:
    """Return a form with a name and, unless it is None, a file, and its content type."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\n\r\n{name}\r\n'
    body = head.encode()
    if content is not None:
        disposition = f'Content-Disposition: form-data; name="image"; filename="{filename}"'
        body += f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"
