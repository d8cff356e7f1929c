"""The mock with one mistake, for the rules that the twin has no operations for.

`BROKEN` names the mistake; `application` is what a run judges. A mistake replaces handlers of this
one application, and nothing that others share.
"""

import json
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Flask, request
from flask import Response as FlaskResponse
from immutables import Map

from mockserver import Config, create_app
from mockserver.config import RELEASES
from mockserver.errors import ValidationError
from mockserver.messages import JSON, Response
from mockserver.rendering.pages import render_bare_item
from mockserver.rendering.renderer import IMAGE_PATH
from mockserver.world.fields import freeze
from mockserver.world.records import Image, Upload
from mockserver.world.transaction import Transaction
from tests.support.breaking import (
    CONFIG,
    COURSES,
    EXIM,
    GROUPS,
    IMAGES,
    LIST,
    MAPPING,
    RETRIEVE,
    USERS,
    Handler,
    answer,
    ask,
    open_to_everybody,
    wrap,
)
from tests.support.mistakes import LATER_MISTAKES

Mistake = Callable[[Flask], None]


def search_finds_every_image(app: Flask) -> None:
    """`query` is read and not used."""
    ask(app, IMAGES + "retrieve", query="a")


def search_minds_case(app: Flask) -> None:
    """A name is found by its own letters only."""

    def around(handler: Handler, context: Any) -> Response:
        term, response = context.request.query.get("query", ""), handler(context)
        if response.status != 200:
            return response
        found = [each for each in json.loads(response.body) if term in (each["name"] or "")]
        return Response(200, json.dumps(found).encode(), JSON)

    wrap(app, IMAGES + "retrieve", around)


def search_needs_no_query(app: Flask) -> None:
    """Without a text everything is listed."""

    def around(handler: Handler, context: Any) -> Response:
        return (
            handler(context) if context.request.query.get("query") else Response(200, b"[]", JSON)
        )

    wrap(app, IMAGES + "retrieve", around)


def anything_is_a_picture(app: Flask) -> None:
    """A text file is stored as an image."""

    def around(handler: Handler, context: Any) -> Response:
        try:
            return handler(context)
        except ValidationError:
            number = max(context.store.images) + 1
            image = Image(number, context.platform.key, None, f"upload-{number}.png")
            context.transaction.add_image(image, Upload("image/png", b"plain text"))
            return render_bare_item(context.request, context.renderer.render_image(image))

    wrap(app, IMAGES + "create", around)


def uploads_are_all_svg(app: Flask) -> None:
    """A picture is served as what its file was called."""

    def around(handler: Handler, context: Any) -> Response:
        response = handler(context)
        image = context.store.images[json.loads(response.body)["id"]]
        upload = context.store.uploads[image.file]
        context.transaction.add_image(image, replace(upload, media_type="image/svg+xml"))
        return response

    wrap(app, IMAGES + "create", around)


def svg_runs_scripts(app: Flask) -> None:
    """A picture has no policy."""

    @app.after_request
    def without_policy(response: FlaskResponse) -> FlaskResponse:
        if request.path.startswith(IMAGE_PATH):
            response.headers.pop("Content-Security-Policy", None)
        return response


def icons_stay_null(app: Flask) -> None:
    """The id of an image is stored and its address is not shown."""
    for name in ("create", "update"):
        answer(
            app,
            f"credentials_orgs_users_{name}",
            lambda body: {**body, "result": {**body["result"], "iconImage": None}},
        )


def learners_upload(app: Flask) -> None:
    """A learner's upload is stored."""
    open_to_everybody(app, IMAGES + "create")


def courses_lose_their_last_credential(app: Flask) -> None:
    """Of several credentials of a course one is missing."""

    def change(body: Any) -> Any:
        courses = body["result"]["results"]
        lacking = [{**course, "credentials": course["credentials"][:-1]} for course in courses]
        return {**body, "result": {**body["result"], "results": lacking}}

    answer(app, COURSES, change)


def courses_have_one_page(app: Flask) -> None:
    """`next` is null on every page."""
    answer(app, COURSES, lambda body: {**body, "result": {**body["result"], "next": None}})


def course_search_is_ignored(app: Flask) -> None:
    """`search` changes nothing."""
    ask(app, COURSES, search="")


def drafts_stand_under_courses(app: Flask) -> None:
    """The page of courses shows what is not public."""

    def around(handler: Handler, context: Any) -> Response:
        world = Transaction(context.store, random.Random(0))
        for credential in context.store.credentials.values():
            world.put_credential(replace(credential, public=True))
        return handler(replace(context, snapshot=world.store))

    wrap(app, COURSES, around)


def exports_lack_metadata(app: Flask) -> None:
    """An export leaves the metadata out."""

    def change(body: Any) -> Any:
        return {**body, "credentials": [{**c, "metadata": None} for c in body["credentials"]]}

    answer(app, EXIM + "export_retrieve", change)


def imports_add_everything_again(app: Flask) -> None:
    """What is imported is always created."""

    def around(handler: Handler, context: Any) -> Response:
        existing = [
            credential
            for credential in context.store.credentials.values()
            if context.path_values["course_id"] in credential.fields["courses"]
        ]
        for credential in existing:  # so that none is found
            fields = freeze({**credential.fields, "courses": ()})
            context.transaction.put_credential(replace(credential, fields=fields))
        response = handler(context)
        for credential in existing:
            context.transaction.put_credential(credential)
        return response

    wrap(app, EXIM + "import_create", around)


def half_an_import_is_201(app: Flask) -> None:
    """What was refused is said in the body only."""

    def around(handler: Handler, context: Any) -> Response:
        response = handler(context)
        return response._replace(status=201) if response.status == 207 else response

    wrap(app, EXIM + "import_create", around)


def learners_export(app: Flask) -> None:
    """A learner exports what is not public."""
    open_to_everybody(app, EXIM + "export_retrieve")


def imports_need_an_issuer(app: Flask) -> None:
    """An import takes only what names its issuer."""

    def around(handler: Handler, context: Any) -> Response:
        items = json.loads(context.request.read_body())["credentials"]
        if all("issuer" in item for item in items):
            return handler(context)
        raise ValidationError({"issuer": ["This field is required."]})

    wrap(app, EXIM + "import_create", around)


def lists_of_providers_are_bare(app: Flask) -> None:
    """The page stands alone, without its envelope."""
    answer(app, "credentials_providers_retrieve", lambda body: body["result"])


def configurations_pile_up(app: Flask) -> None:
    """A second configuration of a provider is another one."""
    answer(app, CONFIG + "retrieve", repeat_items)


def repeat_items(body: Any) -> Any:
    """Return a page with each item twice."""
    return {**body, "result": {**body["result"], "data": [*body["result"]["data"]] * 2}}


def keys_stay_as_sent(app: Flask) -> None:
    """The keys of `config` keep their capitals."""

    def around(handler: Handler, context: Any) -> Response:
        sent = json.loads(context.request.read_body()).get("config") or {}
        response = handler(context)
        body = json.loads(response.body)
        body["result"]["config"] = sent
        return response._replace(body=json.dumps(body).encode())

    wrap(app, CONFIG + "create", around)


def deactivated_ones_are_removed(app: Flask) -> None:
    """A DELETE takes the configuration away."""

    def change(body: Any) -> Any:
        kept = [item for item in body["result"]["data"] if item["enabled"]]
        return {**body, "result": {**body["result"], "data": kept}}

    answer(app, CONFIG + "retrieve", change)


def mappings_pile_up(app: Flask) -> None:
    """A second mapping of the same adds another one."""
    answer(app, MAPPING + "retrieve", repeat_items)


def mappings_outlive_their_deletion(app: Flask) -> None:
    """Deleting a mapping changes nothing."""

    def around(handler: Handler, context: Any) -> Response:
        before = dict(context.store.external_mappings)
        response = handler(context)
        for mapping in before.values():
            context.transaction.put_external_mapping(mapping)
        return response

    wrap(app, MAPPING + "destroy", around)


def learners_configure(app: Flask) -> None:
    """A learner changes how the platform uses a provider."""
    open_to_everybody(app, CONFIG + "create")


def accredible_needs_nothing(app: Flask) -> None:
    """A configuration without the key that its provider needs is stored."""

    def around(handler: Handler, context: Any) -> Response:
        try:
            return handler(context)
        except ValidationError as error:
            if "config" not in error.detail:
                raise
            return Response(201, b'{"status": {"success": true}, "result": {}}', JSON)

    wrap(app, CONFIG + "create", around)


def assertions_outlive_assignments(app: Flask) -> None:
    """A deleted assignment leaves what it issued."""

    def around(handler: Handler, context: Any) -> Response:
        before = context.store
        response = handler(context)
        for entity_id in before.assignments[context.path_values["assignment_id"]].assertions:
            context.transaction.put_assertion(before.assertions[entity_id])
        return response

    wrap(app, "credentials_orgs_users_assignments_destroy", around)


def failed_users_are_not_told(app: Flask) -> None:
    """Users who were not assigned are left out of the answer."""

    def change(body: Any) -> Any:
        return {**body, "result": {**body["result"], "failed_assignments": []}}

    answer(app, USERS + "create", change)


def groups_hold_nothing(app: Flask) -> None:
    """An assignment to a group is completed without issuing."""

    def around(handler: Handler, context: Any) -> Response:
        response = handler(context)
        for assignment in context.store.list_assignments():
            if assignment.due is not None:
                context.transaction.put_assignment(replace(assignment, due=None))
        return response

    wrap(app, GROUPS + "create", around)


def group_filter_is_ignored(app: Flask) -> None:
    """`group_id` changes nothing."""
    ask(app, GROUPS + "retrieve", group_id="")


def learners_see_every_assignment(app: Flask) -> None:
    """The lists are the same for everybody."""

    def around(handler: Handler, context: Any) -> Response:
        admin = context.store.first_admin(context.platform.key)
        return handler(replace(context, user=admin))

    for operations in (USERS, GROUPS):
        wrap(app, operations + "retrieve", around)


def assignment_search_is_ignored(app: Flask) -> None:
    """`search` changes nothing."""
    ask(app, USERS + "retrieve", search="")


def revoked_assignments_are_listed(app: Flask) -> None:
    """The list does not look at assertions."""

    def around(handler: Handler, context: Any) -> Response:
        assertions = Map(
            {k: replace(each, revoked=False) for k, each in context.store.assertions.items()}
        )
        return handler(replace(context, snapshot=context.store._replace(assertions=assertions)))

    wrap(app, USERS + "retrieve", around)


def assigned_ones_have_no_metadata(app: Flask) -> None:
    """An assertion does not say which assignment issued it."""

    def change(body: Any) -> Any:
        return {**body, "data": [{**each, "metadata": None} for each in body["data"]]}

    answer(app, "credentials_orgs_users_assertions_retrieve_3", change)


def learners_assign(app: Flask) -> None:
    """A learner assigns to themselves."""
    open_to_everybody(app, USERS + "create")


def unknown_assignments_are_deleted(app: Flask) -> None:
    """Deleting what is not there succeeds."""

    def around(handler: Handler, context: Any) -> Response:
        there = context.path_values["assignment_id"] in context.store.assignments
        return handler(context) if there else Response(204)

    wrap(app, "credentials_orgs_users_assignments_destroy", around)


def put_into_bytes(app: Flask, operation_id: str, old: bytes, new: bytes) -> None:
    """Change the bytes that an operation answers, beyond what an encoder of JSON would write."""

    def around(handler: Handler, context: Any) -> Response:
        response = handler(context)
        return response._replace(body=response.body.replace(old, new))

    wrap(app, operation_id, around)


def counts_are_not_numbers(app: Flask) -> None:
    """The average of nothing is written as Python writes it."""
    put_into_bytes(app, LIST, b'"metadata":{', b'"metadata":{"average":NaN,')


def a_division_by_zero_is_shown(app: Flask) -> None:
    """What is divided by zero is written as Python writes it, in a single credential, too."""
    for operation_id in (LIST, RETRIEVE):
        put_into_bytes(app, operation_id, b'"metadata":{', b'"metadata":{"share":-Infinity,')


def names_are_repeated(app: Flask) -> None:
    """Two serializers write into one object."""
    put_into_bytes(app, LIST, b'"count":', b'"count":0,"count":')


def half_a_character_is_escaped(app: Flask) -> None:
    """A text is cut in the middle of a pair and escaped."""
    put_into_bytes(app, RETRIEVE, b'"name":"', b'"name":"\\ud83c')


MISTAKES: Mapping[Mistake, str] = {
    search_finds_every_image: "IMAGE-01",
    search_minds_case: "IMAGE-01",
    search_needs_no_query: "IMAGE-02",
    uploads_are_all_svg: "IMAGE-03",
    anything_is_a_picture: "IMAGE-04",
    icons_stay_null: "IMAGE-05",
    svg_runs_scripts: "IMAGE-06",
    learners_upload: "IMAGE-07",
    courses_lose_their_last_credential: "COURSE-01",
    courses_have_one_page: "COURSE-02",
    course_search_is_ignored: "COURSE-03",
    drafts_stand_under_courses: "COURSE-04",
    exports_lack_metadata: "EXIM-01",
    imports_add_everything_again: "EXIM-02",
    half_an_import_is_201: "EXIM-03",
    learners_export: "EXIM-04",
    imports_need_an_issuer: "EXIM-05",
    lists_of_providers_are_bare: "PROVIDER-01",
    configurations_pile_up: "PROVIDER-02",
    keys_stay_as_sent: "PROVIDER-02",
    deactivated_ones_are_removed: "PROVIDER-02",
    mappings_pile_up: "PROVIDER-03",
    mappings_outlive_their_deletion: "PROVIDER-03",
    learners_configure: "PROVIDER-04",
    accredible_needs_nothing: "PROVIDER-05",
    assignment_search_is_ignored: "ASSIGN-08",
    revoked_assignments_are_listed: "ASSIGN-09",
    assigned_ones_have_no_metadata: "ASSIGN-10",
    assertions_outlive_assignments: "ASSIGN-01",
    failed_users_are_not_told: "ASSIGN-02",
    groups_hold_nothing: "ASSIGN-03",
    group_filter_is_ignored: "ASSIGN-04",
    learners_see_every_assignment: "ASSIGN-05",
    unknown_assignments_are_deleted: "ASSIGN-06",
    learners_assign: "ASSIGN-07",
    counts_are_not_numbers: "SCHEMA-01",
    a_division_by_zero_is_shown: "SCHEMA-01",
    names_are_repeated: "SCHEMA-01",
    half_a_character_is_escaped: "SCHEMA-01",
    **LATER_MISTAKES,
}
"""Each mistake with the rule that is about it."""
BY_NAME = {mistake.__name__: mistake for mistake in MISTAKES}


def make_application() -> Flask:
    """Return a mock with the mistake that the environment names."""
    app = create_app(Config(api_version=RELEASES[-1]))
    mistake = BY_NAME.get(os.environ.get("BROKEN", ""))
    if mistake:
        mistake(app)
    return app


application = make_application()
