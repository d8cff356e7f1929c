"""Clients of HTTP: over the network, or into a WSGI application in this process."""

import os
import ssl
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx

from contract_tests.errors import UsageError
from contract_tests.settings.proxies import find_proxy
from contract_tests.settings.settings import Settings

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
MOST_CONNECTIONS = 64


def open_client(
    settings: Settings, application: Application | None, *, keeps: bool = True
) -> httpx.Client:
    """Return a client of a target, which is an application in this process where one is given.

    It `keeps` its connections for more requests, or opens one for each.
    Raises UsageError if certificates cannot be loaded, or the address of a proxy is not valid.
    """
    try:
        return _open_client(settings, application, MOST_CONNECTIONS if keeps else 0)
    except OSError as error:
        named = (settings.ca_bundle, settings.client_cert, settings.client_key)
        files = ", ".join(filter(None, named)) or "see SSL_CERT_FILE and SSL_CERT_DIR"
        option = "--client-cert" if settings.client_cert else "--ca-bundle"
        raise UsageError(
            f"{option}: no certificates can be loaded ({files}): "
            f"{error.strerror or type(error).__name__}: name a file of certificates in PEM format"
        ) from None
    except (ValueError, httpx.InvalidURL):  # its text may hold the password of a proxy
        raise UsageError(
            "--proxy, HTTP_PROXY, HTTPS_PROXY and ALL_PROXY: one is not valid: use http://HOST:PORT"
        ) from None


def _open_client(
    settings: Settings, application: Application | None, most_kept: int
) -> httpx.Client:
    if application is not None:
        transport = InProcessTransport(application)
        return httpx.Client(transport=transport, timeout=settings.timeout)
    return httpx.Client(
        timeout=settings.timeout,
        verify=build_ssl_context(settings),
        trust_env=False,  # proxies are found here, and no .netrc takes part
        proxy=settings.proxy or find_proxy(settings.base_url, os.environ),
        limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=most_kept),
    )


def build_ssl_context(settings: Settings) -> ssl.SSLContext:
    """Return what TLS connections are made with: also the authorities of `SSL_CERT_FILE`."""
    try:
        context = httpx.create_ssl_context(trust_env=True)
    except OSError as error:
        variable = "SSLKEYLOGFILE" if error.filename else "SSL_CERT_FILE or SSL_CERT_DIR"
        raise UsageError(
            f"{variable}: {error.strerror or error}: name a file that can be used, or unset it"
        ) from error
    if settings.ca_bundle:
        context = ssl.create_default_context(cafile=settings.ca_bundle)
    if settings.client_cert:
        context.load_cert_chain(settings.client_cert, settings.client_key or None)
    return context


class InProcessTransport(httpx.BaseTransport):
    """Calls a WSGI application, with the path's bytes as PEP 3333 requires them.

    The transport of httpx passes on a path that it has decoded, which not every path survives.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the application's response to a request."""
        path = unquote_to_bytes(request.url.raw_path.partition(b"?")[0]).decode("latin-1")

        def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            return self._application({**environ, "PATH_INFO": path}, start_response)

        transport = httpx.WSGITransport(app=application, raise_app_exceptions=False)
        response = transport.handle_request(request)
        if request.method == "HEAD":  # a server would omit the body
            return httpx.Response(response.status_code, headers=response.headers)
        return response
