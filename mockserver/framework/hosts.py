"""The `Host` of a request, as Django takes it."""

import re

VALID_HOST = re.compile(r"([a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(:[0-9]+)?", re.IGNORECASE)
"""What Django's `host_validation_re` takes: no underscore, and no letter beyond ASCII."""


def is_valid_host(host: str) -> bool:
    """Tell whether Django serves a request with this `Host`, where it allows any host."""
    found = VALID_HOST.fullmatch(host) if host.isascii() else None
    return found is not None and found[1] != "."  # its last point is not looked at
