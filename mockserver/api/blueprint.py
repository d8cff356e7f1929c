"""The API as a Flask blueprint: one rule for each operation of the contract.

Beside them stand rules for what Django does and Flask does not. Every path takes any method, since
one that it lacks is refused only after authentication. A collection without its last slash is the
path of an item if one fits (`…/users/1/issuers`), else it is redirected with 301.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial

from flask import Blueprint, request
from flask.blueprints import BlueprintSetupState

from mockserver.api.addresses import quote_query
from mockserver.api.exchange import (
    APIResponse,
    Exchange,
    answer_preflight,
    current_exchange,
    read_request,
    write_response,
)
from mockserver.api.service import RoutedRequest, Service
from mockserver.contract.operation import Operation, Resource
from mockserver.errors import NoSuchRoute
from mockserver.messages import HTML

BRACES = re.compile(r"\{(\w+)\}")
View = Callable[..., APIResponse]


def create_blueprint(service: Service) -> Blueprint:
    """Return a blueprint that serves the operations of a service's contract."""
    blueprint = Blueprint("api", __name__)
    resources = service.contract.resources
    for resource in resources:
        rule = BRACES.sub(r"<\1>", resource.path)
        for operation in resource.operations.values():
            blueprint.add_url_rule(
                rule,
                operation.operation_id,
                partial(_serve, service, resource, operation),
                methods=[operation.method],
                provide_automatic_options=False,
            )
        name = next(iter(resource.operations.values())).operation_id
        any_method: View = partial(_serve_any_method, service, resource)
        blueprint.record(partial(_add_rule, rule, f"{name}_other_methods", any_method))
        if rule.endswith("/"):
            without_slash = _view_without_slash(service, resource, resources)
            blueprint.record(partial(_add_rule, rule[:-1], f"{name}_without_slash", without_slash))
    return blueprint


def _add_rule(rule: str, endpoint: str, view: View, state: BlueprintSetupState) -> None:
    """Add a rule for any method, the unknown ones too; `add_url_rule` takes a list of methods."""
    app, name = state.app, f"{state.blueprint.name}.{endpoint}"
    app.url_map.add(app.url_rule_class(rule, endpoint=name, methods=None))
    app.view_functions[name] = view


def _view_without_slash(
    service: Service, collection: Resource, resources: Iterable[Resource]
) -> View:
    """Return the view for the path of a collection that lacks its last slash."""
    path = collection.path[:-1]
    for item in resources:
        found = re.fullmatch(BRACES.sub("([^/]+)", item.path), path)
        if found:
            names = BRACES.findall(item.path)
            fixed = {n: v for n, v in zip(names, found.groups(), strict=True) if v[0] != "{"}
            return partial(_serve_any_method, service, item, **fixed)
    return partial(_append_slash, service)


def _append_slash(service: Service, **path_values: str) -> APIResponse:
    """Redirect to the path with its slash."""
    exchange = current_exchange(service)
    if exchange.refusal or exchange.is_unrouted:
        raise exchange.refusal or NoSuchRoute
    return answer_preflight(service) or append_slash(exchange)


def _serve_any_method(service: Service, resource: Resource, **path_values: str) -> APIResponse:
    """Serve a request whose method may be none that the resource has."""
    method = "GET" if request.method == "HEAD" else request.method
    operation = resource.operations.get(method)
    return answer_preflight(service) or _serve(service, resource, operation, **path_values)


def _serve(
    service: Service, resource: Resource, operation: Operation | None, **path_values: str
) -> APIResponse:
    """Serve one request by the pipeline, which knows nothing of Flask."""
    exchange = current_exchange(service)
    if exchange.refusal or exchange.sandbox is None or exchange.is_unrouted:
        raise exchange.refusal or NoSuchRoute
    exchange.operation = operation
    plain = read_request(exchange)
    routed = RoutedRequest(plain, resource, operation, path_values, exchange.sandbox)
    return write_response(service.respond(routed))


def append_slash(exchange: Exchange) -> APIResponse:
    """Redirect as Django's APPEND_SLASH does: 301, no body, path and query only."""
    location = f"{exchange.root}{exchange.path}/{quote_query(exchange.query)}"
    return APIResponse(b"", 301, {"Location": location}, content_type=HTML)
