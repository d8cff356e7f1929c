"""The work at hand: what a handler is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mockserver.access import Caller
from mockserver.contract import Operation
from mockserver.messages import Call, Reply
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


Handler = Callable[[Work], Reply]
