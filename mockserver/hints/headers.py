"""Hints at headers of a request that have no effect."""

import re
from collections.abc import Iterator, Mapping

from mockserver.framework.hosts import is_valid_host
from mockserver.hints.served import ServedRequest
from mockserver.hints.wording import quote, show
from mockserver.sandbox.faults import LONGEST_DELAY, read_prefer
from mockserver.sandbox.registry import SANDBOX_IN_PATH

CONDITION = "a change is made whatever it says"
OVERRIDE = "send the request with that method"
IGNORED_ON_WRITES: Mapping[str, str] = {
    "If-Match": CONDITION,
    "If-None-Match": CONDITION,
    "If-Unmodified-Since": CONDITION,
    "Idempotency-Key": "a request that is sent again is carried out again",
    "X-HTTP-Method-Override": OVERRIDE,
    "X-HTTP-Method": OVERRIDE,
    "X-Method-Override": OVERRIDE,
}
"""Headers by which a client means something, and which the service does not read."""

PREFERENCES: Mapping[str, str] = {
    "code": "write a status from 200 to 599",
    "delay": f"write milliseconds up to {LONGEST_DELAY}",
    "example": "name an example of the contract",
    "status": "write `code=` and a status",
}


def _explain_host(host: str) -> str:
    """Return what is wrong with a `Host`."""
    if not host:
        return "send the name of the host that is asked"
    if "," in host:
        return "it was sent more than once, by the client or by a proxy; send it once"
    rule = "a host name has letters, digits, `-` and `.` only, and a port digits"
    if "_" in host:
        rule += "; in Docker Compose call the mock by an alias or a `hostname` without `_`"
    return rule


def find_hints_on_headers(served: ServedRequest) -> Iterator[str]:
    """Yield hints at headers that the service, or the mock, passes over."""
    headers = served.headers
    host = headers.get("Host")
    if served.status == 400 and host is not None and not is_valid_host(host):
        yield f"the service refuses `Host: {show(host)}`: {_explain_host(host)}"
    prefer = headers.get("Prefer")
    if prefer is not None:
        yield from _find_unused_preferences(prefer)
    if "__sandbox__" in served.root:
        name, by_path = headers.get("X-Mock-Sandbox"), SANDBOX_IN_PATH.search(served.root)
        if name and by_path and name != by_path[1]:
            yield (
                f"`X-Mock-Sandbox: {show(name)}` is not used: "
                f"the path names the sandbox {quote(by_path[1])}"
            )
    if served.is_safe and not served.has_body:
        return
    encoding = (headers.get("Content-Encoding") or "identity").strip()
    if encoding.lower() != "identity" and served.has_body:
        yield (
            f"`Content-Encoding: {show(encoding)}` is not read: "
            "send the body as it is, without compression"
        )
    if not served.is_safe:
        for header, consequence in IGNORED_ON_WRITES.items():
            if headers.get(header) is not None:
                yield f"`{header}` is not read: {consequence}"


def _find_unused_preferences(prefer: str) -> Iterator[str]:
    """Yield hints at preferences of the mock that it could not apply."""
    for token in re.split(r"[,;]", prefer):
        name = token.partition("=")[0].strip().lower()
        if name in PREFERENCES and not read_prefer(token)[1]:
            yield f"`Prefer: {show(token.strip())}` is not understood: {PREFERENCES[name]}"
