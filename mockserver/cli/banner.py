"""What the server says once it listens."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from mockserver.api.service import Service


def banner(app: Flask, base_url: str, authority: Path | None = None) -> str:
    """Return address, platforms, keys with their roles, a curl line and the documentation.

    `authority` is what clients have to trust, if the certificate was made here.
    """
    return "\n".join(_lines(app.extensions["mockserver"], base_url, authority))


def _lines(service: Service, base_url: str, authority: Path | None) -> Iterator[str]:
    store, auth = service.sandbox.store, service.config.auth
    release = service.config.api_version
    yield f"credmock serves the credentials API of release {release} at {base_url}"
    yield ""
    yield "platforms"
    for line in store.describe_platforms():
        yield f"  {line}"
    if auth == "keys":
        yield "keys"
        for key in store.api_keys.values():
            user = store.users[key.user_id]
            note = "" if key.active else ", deactivated"
            who = f"user {user.id}, {user.username}{note}"
            yield f"  {key.key:<28}{user.platform}: {user.role} ({who})"
    else:
        yield f"keys: not checked (--auth {auth}); every caller is a platform admin"
    if authority:
        file = shlex.quote(str(authority))
        yield "certificate: made for this machine, and kept; let clients trust it"
        yield f"  Node             export NODE_EXTRA_CA_CERTS={file}"
        yield f"  Python, OpenSSL  export SSL_CERT_FILE={file}"
        yield f"  browsers         import {file} as an authority for websites, once"
    yield "try"
    yield f"  {_curl(service, base_url, authority)}"
    yield "page and reference"
    yield f"  {base_url}/__mock__/"
    yield f"  {base_url}/__mock__/docs"
    yield "contract"
    yield f"  {base_url}/__mock__/openapi.yaml"
    yield ""


def _curl(service: Service, base_url: str, authority: Path | None) -> str:
    store, auth = service.sandbox.store, service.config.auth
    active = next((k for k in store.api_keys.values() if k.active), None)
    user = store.users[active.user_id] if active else next(iter(store.users.values()), None)
    platform, user_id = (user.platform, user.id) if user else ("main", 1)
    url = f"{base_url}/api/credentials/orgs/{platform}/users/{user_id}/?page_size=2"
    key = active.key if active else "any"
    header = "" if auth == "off" else f"-H 'Authorization: Api-Key {key}' "
    trust = f"--cacert {shlex.quote(str(authority))} " if authority else ""
    return f"curl -s {trust}{header}'{url}'"
