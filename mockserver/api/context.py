"""What a handler is given: the request, the records, who calls, a transaction to write in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mockserver.api.access import Caller
from mockserver.contract.contract import Contract
from mockserver.contract.operation import Operation
from mockserver.framework.fields import Reference, ValidationContext
from mockserver.framework.pagination import Page, paginate, read_page_size
from mockserver.messages import Request, Response
from mockserver.rendering.renderer import Renderer
from mockserver.world.records import Platform, User
from mockserver.world.search import CredentialSearch
from mockserver.world.store import Store
from mockserver.world.transaction import Transaction


@dataclass(slots=True)  # made for each request, and not frozen: that takes three times as long
class PublicContext:
    """A request that needs no key, and the records as they were when it came."""

    request: Request
    operation: Operation
    path_values: Mapping[str, str]
    snapshot: Store
    now: datetime
    renderer: Renderer

    @property
    def store(self) -> Store:
        """The records to read."""
        return self.snapshot


@dataclass(slots=True)
class RequestContext(PublicContext):
    """An admitted request: also who calls, on which platform, about which user."""

    caller: Caller
    platform: Platform
    user: User
    contract: Contract
    search: CredentialSearch

    def read_body(self, *, partial: bool = False) -> dict[str, Any]:
        """Read the body of this request against what exists on its platform."""
        assert self.operation.body is not None  # noqa: S101  (asked for by operations with a body)
        return self.operation.body.read(self.request, self.validation_context(partial=partial))

    @property
    def maximum_page_size(self) -> int:
        """The maximum of `page_size`."""
        maximum: int = self.operation.parameter("page_size").schema["maximum"]
        return maximum

    def read_page(self, count: int) -> Page:
        """Return the page of `count` items that the query asks for; raises NotFound."""
        query, bounds = self.request.query, self.operation.parameter("page_size").schema
        size = read_page_size(query.get("page_size"), bounds["default"], bounds["maximum"])
        return paginate(count, query.get("page"), size)

    def validation_context(self, *, partial: bool = False) -> ValidationContext:
        """Return how to read a body of this request."""

        def exists(reference: Reference, value: Any) -> bool:
            return exists_on_platform(self.store, self.platform.key, reference.to, value)

        return ValidationContext(partial, exists)


@dataclass(slots=True)
class WriteContext(RequestContext):
    """An admitted request that may change the records, in a transaction."""

    transaction: Transaction
    group_delay: timedelta

    @property
    def store(self) -> Store:
        """The records as this request has changed them so far."""
        return self.transaction.store


def exists_on_platform(store: Store, platform: str, collection: str, value: Any) -> bool:
    """Tell whether what a body refers to exists in a collection of a platform."""
    match collection:
        case "platforms":
            found = store.find_platform(value)
            return found is not None and found.key == platform
        case "providers":
            return value in store.providers
        case "users":
            return (platform, value) in store.user_ids
        case "issuers" | "credentials" | "images":
            record = getattr(store, collection).get(value)
            return record is not None and record.platform == platform
        case _:
            return (platform, value) in getattr(store, collection)


Handler = Callable[[RequestContext], Response]
WriteHandler = Callable[[WriteContext], Response]
PublicHandler = Callable[[PublicContext], Response]
