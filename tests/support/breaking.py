"""How a mistake is put into a mock: around a handler, into its answer, or into what it is asked."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Flask, request
from flask import Response as FlaskResponse

from mockserver.api.service import Service
from mockserver.messages import Response

LIST = "credentials_orgs_users_retrieve"
RETRIEVE = "credentials_orgs_users_retrieve_2"
USERS = "credentials_orgs_users_assignments_users_"
GROUPS = "credentials_orgs_users_assignments_groups_"
IMAGES = "credentials_orgs_users_images_"
COURSES = "credentials_orgs_users_course_credentials_list"
EXIM = "credentials_exim_credentials_course_"
CONFIG = "credentials_orgs_users_provider_config_"
MAPPING = "credentials_orgs_users_external_mapping_"
Change = Callable[[Any], Any]
Handler = Callable[[Any], Response]


def wrap(app: Flask, operation_id: str, around: Callable[[Handler, Any], Response]) -> None:
    """Put something around the handler of an operation; it takes the handler and its context."""
    service: Service = app.extensions["mockserver"]
    handlers: Any = service.handlers
    table = handlers.read if operation_id in handlers.read else handlers.write
    handler = table[operation_id]
    table[operation_id] = lambda context: around(handler, context)


def answer(app: Flask, operation_id: str, change: Change) -> None:
    """Change the JSON that an operation answers with success."""

    def around(handler: Handler, context: Any) -> Response:
        response = handler(context)
        if response.status >= 300:
            return response
        return response._replace(body=json.dumps(change(json.loads(response.body))).encode())

    wrap(app, operation_id, around)


def ask(app: Flask, operation_id: str, **query: str) -> None:
    """Let an operation see other query parameters than were sent."""

    def around(handler: Handler, context: Any) -> Response:
        changed = context.request._replace(query={**context.request.query, **query})
        return handler(replace(context, request=changed))

    wrap(app, operation_id, around)


def open_to_everybody(app: Flask, operation_id: str) -> None:
    """Let every role call an operation: what is refused is served as if an admin had asked."""
    endpoint = f"api.{operation_id}"
    view: Any = app.view_functions[endpoint]

    def serve(**path_values: str) -> FlaskResponse:
        response: FlaskResponse = view(**path_values)
        if response.status_code == 403:
            request.environ["HTTP_AUTHORIZATION"] = "Api-Key main-admin-key"
            response = view(**path_values)
        return response

    app.view_functions[endpoint] = serve
