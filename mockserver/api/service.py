"""The request pipeline: from a plain call to a plain response."""

import threading
from collections.abc import Mapping

from mockserver.api.access import admit, home, identify, rule_for
from mockserver.api.context import PublicContext, RequestContext, WriteContext
from mockserver.api.operations import Handlers
from mockserver.config import MOST_STREAMS, Config
from mockserver.contract.document import Contract
from mockserver.contract.operation import Operation, Resource
from mockserver.errors import APIError, MethodNotAllowed, NotFound, PlainPage, StartError
from mockserver.framework.negotiation import accept_json
from mockserver.messages import JSON, Request, Response, encode, indented
from mockserver.rendering.renderer import Renderer
from mockserver.sandbox.registry import SandboxRegistry
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.scenarios import Scenarios
from mockserver.sandbox.state_file import StateFile
from mockserver.world.search import CredentialSearch

VIEW_NAMES = {
    "/api/credentials/orgs/{org}/users/{user_id}/": "Credentials",
    "/api/credentials/orgs/{org}/users/{user_id}/{entity_id}": "Credential",
    "/api/credentials/orgs/{org}/users/{user_id}/issuers/": "Issuers",
    "/api/credentials/orgs/{org}/users/{user_id}/issuers/{entity_id}": "Issuer",
    "/api/credentials/orgs/{org}/users/{user_id}/issuers/authority/": "Issuer Authority",
    "/api/credentials/orgs/{org}/users/{user_id}/assertions/": "User Assertions",
    "/api/credentials/orgs/{org}/users/{user_id}/assertions/{entity_id}": "Assertion",
    "/api/credentials/orgs/{org}/users/{user_id}/{entity_id}/assertions/": "Credential Assertions",
    "/api/credentials/orgs/{org}/users/{user_id}/{entity_id}/assertions/bulk/": "Bulk Assertions",
    "/api/credentials/public/assertions/{entity_id}/": "Public Assertion",
    "/api/credentials/orgs/{org}/users/{user_id}/images/": "Images",
    "/api/credentials/orgs/{org}/users/{user_id}/assignments/users/": "User Assignments",
    "/api/credentials/orgs/{org}/users/{user_id}/assignments/groups/": "Group Assignments",
    "/api/credentials/orgs/{org}/users/{user_id}/assignments/{assignment_id}": "Assignment",
    "/api/credentials/orgs/{org}/users/{user_id}/course-credentials/": "Course Credentials",
    "/api/credentials/orgs/{org}/users/{user_id}/assertions-over-time/": "Assertions Over Time",
    "/api/credentials/orgs/{org}/users/{user_id}/course-assertions-over-time/": (
        "Course Assertions Over Time"
    ),
    "/api/credentials/orgs/{org}/users/{user_id}/credentials-over-time/": "Credentials Over Time",
    "/api/credentials/exim/credentials/course/{course_id}/export/": "Course Export",
    "/api/credentials/exim/credentials/course/{course_id}/import/": "Course Import",
    "/api/credentials/providers/": "Providers",
    "/api/credentials/provider-config/": "Provider Configs",
    "/api/credentials/external-mapping/": "External Mappings",
}
"""What OPTIONS calls each path; production's view names are not known, so these are our choice."""


class Service:
    """The API over its worlds, with the operations of one release.

    `stopping` is set when the server ends, and ends what would go on.
    """

    def __init__(
        self, config: Config, contract: Contract, sandboxes: SandboxRegistry, scenarios: Scenarios
    ) -> None:
        self.handlers = Handlers()
        _check_complete(contract, self.handlers)
        self.config = config
        self.contract = contract.as_of(config.api_version)
        self.sandboxes = sandboxes
        self.scenarios = scenarios
        self.renderer = Renderer()
        self.search = CredentialSearch()
        self.state_file: StateFile | None = None
        self.stopping = threading.Event()
        self.streams = threading.BoundedSemaphore(MOST_STREAMS)

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox of whoever names none."""
        return self.sandboxes.default

    def answer(
        self, request: Request, resource: Resource, values: Mapping[str, str], sandbox: Sandbox
    ) -> Response:
        """Serve one call of a resource; whatever ends it early becomes the framework's answer."""
        name = "GET" if request.method == "HEAD" else request.method
        operation = resource.operations.get(name)
        try:
            indent = accept_json(request.headers.get("Accept"), request.query.get("format"))
            response = self._serve(request, resource, operation, values, sandbox)
            if indent and response.body:
                response = Response(
                    response.status, indented(response.body, indent), JSON, response.headers
                )
        except PlainPage as error:
            return error.response()
        except APIError as error:
            response = error.response()
        headers = {**response.headers, "Allow": resource.allow, "Vary": "Accept"}
        return Response(response.status, response.body, response.content_type, headers)

    def _serve(
        self,
        request: Request,
        resource: Resource,
        operation: Operation | None,
        values: Mapping[str, str],
        sandbox: Sandbox,
    ) -> Response:
        if resource.is_public:
            return self._serve_anybody(request, resource, operation, values, sandbox)
        store = sandbox.store
        caller = identify(request.headers.get("Authorization"), store, self.config.auth)
        rule = rule_for(operation.operation_id if operation else None, request.method)
        platform_key = request.query.get("platform_org") or values.get("org") or home(caller, store)
        platform = admit(caller, rule, platform_key, store)
        sandbox.throttle.check(str(caller.user.id) if caller.user else "", sandbox.clock.now())
        if operation is None:
            return describe(request.method, resource)
        if "user_id" in values:
            user = store.find_user(platform.key, values["user_id"])
        else:
            user = caller.user or store.first_admin(platform.key)
        if user is None:
            raise NotFound.of("User")
        sandbox.run_due_assignments()
        if operation.method == "GET":
            context = RequestContext(
                request, operation, values, sandbox.store, sandbox.clock.now(), self.renderer,
                caller, platform, user, self.contract, self.search,
            )  # fmt: skip
            return self.handlers.read[operation.operation_id](context)
        with sandbox.transaction() as transaction:
            write_context = WriteContext(
                request, operation, values, transaction.store, sandbox.clock.now(), self.renderer,
                caller, platform, user, self.contract, self.search,
                transaction, sandbox.group_delay,
            )  # fmt: skip
            return self.handlers.write[operation.operation_id](write_context)

    def _serve_anybody(
        self,
        request: Request,
        resource: Resource,
        operation: Operation | None,
        values: Mapping[str, str],
        sandbox: Sandbox,
    ) -> Response:
        if operation is None:
            return describe(request.method, resource)
        sandbox.throttle.check("", sandbox.clock.now())
        sandbox.run_due_assignments()
        store, now = sandbox.store, sandbox.clock.now()
        context = PublicContext(request, operation, values, store, now, self.renderer)
        return self.handlers.public[operation.operation_id](context)


def describe(method: str, resource: Resource) -> Response:
    """Answer OPTIONS as the framework's SimpleMetadata does; any other method is not allowed."""
    if method != "OPTIONS":
        raise MethodNotAllowed(method)
    body = {
        "name": VIEW_NAMES.get(resource.path, ""),
        "description": "",
        "renders": [JSON],
        "parses": list(resource.media_types),
    }
    return Response(200, encode(body), JSON)


def _check_complete(contract: Contract, handlers: Handlers) -> None:
    """Raise StartError unless each operation has the handler that it needs, and no more exist."""
    readers = handlers.read.keys() | handlers.public.keys()
    named = readers | handlers.write.keys()
    without_handler = contract.operations.keys() - named
    if without_handler:
        raise StartError(f"operations without a handler: {', '.join(sorted(without_handler))}")
    without_operation = named - contract.operations.keys()
    if without_operation:
        raise StartError(f"handlers without an operation: {', '.join(sorted(without_operation))}")
    for operation_id, operation in contract.operations.items():
        if (operation.method == "GET") != (operation_id in readers):
            raise StartError(f"{operation_id}: {operation.method} has a handler of another method")
