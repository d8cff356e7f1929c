"""The work at hand: what a handler is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial as partial_function
from typing import Any

from mockserver.api.access import Caller
from mockserver.contract.document import Contract
from mockserver.contract.operation import Operation
from mockserver.framework.fields import Context, Reference
from mockserver.messages import Request, Response
from mockserver.rendering.records import base_address
from mockserver.sandbox.sandbox import Sandbox
from mockserver.world.records import Platform, User
from mockserver.world.store import Store


@dataclass(slots=True)  # made for each request, and not frozen: that takes three times as long
class PublicContext:
    """A call that needs no key: for what, in which world."""

    request: Request
    operation: Operation
    path_values: Mapping[str, str]
    sandbox: Sandbox


@dataclass(slots=True)
class RequestContext(PublicContext):
    """An admitted request: also who calls whom, on which platform."""

    caller: Caller
    platform: Platform
    user: User
    contract: Contract

    @property
    def base(self) -> bytes:
        """Where this server is for the client, ready to stand inside a JSON string."""
        return base_address(self.request)

    def read_body(self, *, partial: bool = False) -> dict[str, Any]:
        """Read the body of this call against what exists on its platform."""
        assert self.operation.body is not None  # noqa: S101  (asked for by operations with a body)
        return self.operation.body.read(self.request, self.validation_context(partial=partial))

    def validation_context(self, *, partial: bool = False) -> Context:
        """Return how to read a body of this request."""
        exists = partial_function(refers, self.sandbox.store, self.platform.key)
        return Context(partial, exists)


def refers(store: Store, platform: str, reference: Reference, value: Any) -> bool:
    """Tell whether a body of this platform may refer to a value."""
    match reference.to:
        case "platforms":
            return bool(value == platform)
        case "providers":
            return value in store.providers
        case "users":
            return (platform, value) in store.user_ids
        case "issuers" | "credentials" | "images":
            record = getattr(store, reference.to).get(value)
            return record is not None and record.platform == platform
        case _:
            return (platform, value) in getattr(store, reference.to)


Handler = Callable[[RequestContext], Response]
PublicHandler = Callable[[PublicContext], Response]
