"""The request pipeline: from a plain call to a plain response."""

import threading
from collections.abc import Mapping
from typing import NamedTuple

from mockserver.api.access import admit, check_own_path, home_platform, identify
from mockserver.api.addresses import split_public_url
from mockserver.api.completeness import check_completeness
from mockserver.api.context import PublicContext, RequestContext, WriteContext
from mockserver.api.operations import Handlers
from mockserver.config import MOST_STREAMS, Config
from mockserver.contract.contract import Contract
from mockserver.contract.operation import Operation, Resource
from mockserver.contract.releases import select_release
from mockserver.contract.strict import get_exchange_validator
from mockserver.errors import APIError, MethodNotAllowed, NotFound, PlainPage
from mockserver.framework.negotiation import accept_json
from mockserver.messages import JSON, Request, Response, encode, indented
from mockserver.rendering.renderer import Renderer
from mockserver.sandbox.faults import respond_with_faults
from mockserver.sandbox.registry import SandboxRegistry
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.scenarios import Scenarios
from mockserver.sandbox.state_file import StateFile
from mockserver.world.search import CredentialSearch


class RoutedRequest(NamedTuple):
    """A request with what its path and method stand for, and the sandbox that it names.

    `operation` is None for a method that the resource has no operation for.
    """

    request: Request
    resource: Resource
    operation: Operation | None
    path_values: Mapping[str, str]
    sandbox: Sandbox


class Service:
    """The API over its worlds, with the operations of one release.

    `stopping` is set when the server ends, and ends what would go on.
    """

    def __init__(
        self, config: Config, contract: Contract, sandboxes: SandboxRegistry, scenarios: Scenarios
    ) -> None:
        self.handlers = Handlers()
        check_completeness(contract, self.handlers, strict=config.strict)
        self.config = config
        self.public_origin, self.public_path = split_public_url(config.public_url)
        self.contract = select_release(contract, config.api_version)
        self.sandboxes = sandboxes
        self.scenarios = scenarios
        self._validator = get_exchange_validator(self.contract) if config.strict else None
        self.renderer = Renderer()
        self.search = CredentialSearch()
        self.state_file: StateFile | None = None
        self.stopping = threading.Event()
        self.streams = threading.BoundedSemaphore(MOST_STREAMS)

    def respond(self, routed: RoutedRequest) -> Response:
        """Serve one request as the faults of its sandbox say; a strict mock checks the exchange."""

        def serve() -> Response:
            response = self.answer(routed)
            if self._validator:
                request, resource, _, path_values, _ = routed
                self._validator.check(request, resource, path_values, response)
            return response

        return respond_with_faults(routed.request, routed.operation, routed.sandbox.faults, serve)

    def base_url(self, host_url: str, root_path: str) -> str:
        """Return the address that a client uses, of which its request says host and root path."""
        return (self.public_origin or host_url.rstrip("/")) + self.public_path + root_path

    @property
    def sandbox(self) -> Sandbox:
        """The default sandbox."""
        return self.sandboxes.default

    def answer(self, routed: RoutedRequest) -> Response:
        """Serve one request; whatever ends it early becomes the framework's response."""
        request = routed.request
        try:
            indent = accept_json(request.headers.get("Accept"), request.query.get("format"))
            response = self._serve(routed)
            if indent and response.body:
                response = response._replace(body=indented(response.body, indent))
        except PlainPage as error:
            return error.response()
        except APIError as error:
            response = error.response()
        headers = {**response.headers, "Allow": routed.resource.allow}
        return Response(response.status, response.body, response.content_type, headers)

    def _serve(self, routed: RoutedRequest) -> Response:
        if routed.resource.is_public:
            return self._serve_anybody(routed)
        request, resource, operation, path_values, sandbox = routed
        store = sandbox.store
        caller = identify(request.headers.get("Authorization"), store, self.config.auth)
        named = request.query.get("platform_org") or path_values.get("org")
        named = named or home_platform(caller, store)
        platform = admit(caller, operation, request.method, named, store)
        now = sandbox.clock.now()
        sandbox.throttle.check(str(caller.user.id) if caller.user else "", now)
        if operation is None:
            return describe(request.method, resource)
        if "user_id" in path_values:
            user = store.find_user(platform.key, path_values["user_id"])
        else:
            user = caller.user or store.first_admin(platform.key)
        if user is None:
            raise NotFound.of("User")
        check_own_path(operation, caller, user)
        sandbox.run_due_assignments()
        if operation.method == "GET":
            asked = (request, operation, path_values, sandbox.store, now, self.renderer)
            context = RequestContext(*asked, caller, platform, user, self.contract, self.search)
            return self.handlers.read[operation.operation_id](context)
        with sandbox.transaction() as transaction:
            store, now = transaction.store, sandbox.clock.now()
            asked = (request, operation, path_values, store, now, self.renderer)
            admitted = (caller, platform, user, self.contract, self.search)
            write_context = WriteContext(*asked, *admitted, transaction, sandbox.group_delay)
            return self.handlers.write[operation.operation_id](write_context)

    def _serve_anybody(self, routed: RoutedRequest) -> Response:
        request, resource, operation, path_values, sandbox = routed
        if operation is None:
            return describe(request.method, resource)
        sandbox.throttle.check("", sandbox.clock.now())
        sandbox.run_due_assignments()
        store, now = sandbox.store, sandbox.clock.now()
        context = PublicContext(request, operation, path_values, store, now, self.renderer)
        return self.handlers.public[operation.operation_id](context)


def describe(method: str, resource: Resource) -> Response:
    """Answer OPTIONS as the framework's SimpleMetadata does; any other method is not allowed."""
    if method != "OPTIONS":
        raise MethodNotAllowed(method)
    body = {
        "name": resource.view_name,
        "description": "",
        "renders": [JSON],
        "parses": list(resource.media_types),
    }
    return Response(200, encode(body), JSON)
