"""The work at hand: what a handler is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.access import Caller
from mockserver.contract import Contract, Operation
from mockserver.fields import Context
from mockserver.messages import Call, Reply
from mockserver.representation import base_address
from mockserver.sandbox import Sandbox
from mockserver.store import Platform, User


@dataclass(frozen=True, slots=True)
class Work:
    """An admitted call: who calls whom for what, in which world."""

    call: Call
    operation: Operation
    path_values: Mapping[str, str]
    sandbox: Sandbox
    caller: Caller
    platform: Platform
    user: User
    contract: Contract

    @property
    def base(self) -> bytes:
        """Where this server is for the client, ready to stand inside a JSON string."""
        return base_address(self.call)

    def query(self) -> dict[str, Any]:
        """Return the query parameters that the contract validates; raises ValidationError."""
        return self.operation.read_query(self.call)

    def body(self, context: Context) -> dict[str, Any]:
        """Read the body of an operation that has one; raises the framework's 400 and 415."""
        assert self.operation.body is not None  # noqa: S101  (the caller's operation has one)
        return self.operation.body.read(self.call, context)


Handler = Callable[[Work], Reply]
