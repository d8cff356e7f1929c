"""Everything that can be set about one mock server, and one bound that cannot."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

Auth = Literal["keys", "any", "off"]
Release = Literal["3.59", "4.90", "4.95", "4.202"]

RELEASES: tuple[Release, ...] = get_args(Release)
"""The releases of the service whose operations are known, oldest first."""

MOST_STREAMS = 8
"""Open streams of a journal, each of which holds a thread of the server."""


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of one application; `create_app` takes nothing else.

    `world` is a file in the format of `fixtures/world.json` (None: the one that ships);
    `scenarios` is a folder with more scenarios than those that ship. `state` is a file that keeps
    the records of the default sandbox over restarts.
    `credentials`, `assertions` and `assignments` add that many generated ones, made from `seed`.
    `api_version` is the release whose operations are served; later ones answer 404 as they did
    then. `now` freezes the clock. `maximum_body` is in bytes; Django's own bound is the default.
    `strict` judges every request that was accepted and every reply by the contract. `group_delay`
    is in seconds: how long an assignment to a group waits for its assertions. Beside the default
    sandbox there are at most `maximum_sandboxes`. `rate_limit` is how many requests a user may
    send, as the framework's settings write it (`100/min`). `control_token` opens the control plane
    to callers that are not on this machine. `cors` is the allowed origin, None for no CORS headers
    at all. `public_url` is the address that clients use, up to the prefix, where it is not the one
    in their requests; `trust_proxy` is how many proxies in front are believed what they say of it.
    `upstream` is the base URL of a service that gets what is outside of the operations: only
    reads, without `upstream_writes`; `upstream_ca` is a file of certificates to trust.
    """

    world: Path | None = None
    scenarios: Path | None = None
    state: Path | None = None
    prefix: str = ""
    public_url: str = ""
    trust_proxy: int = 0
    auth: Auth = "keys"
    cors: str | None = "*"
    strict: bool = False
    api_version: Release = "3.59"
    seed: int = 42
    credentials: int = 0
    assertions: int = 0
    assignments: int = 0
    now: datetime | None = None
    maximum_body: int = 2_621_440
    group_delay: float = 0.0
    maximum_sandboxes: int = 1000
    rate_limit: str = ""
    control_token: str = field(default="", repr=False)
    upstream: str = ""
    upstream_ca: Path | None = None
    upstream_writes: bool = False
    log_requests: Literal["off", "text", "json"] = "off"
