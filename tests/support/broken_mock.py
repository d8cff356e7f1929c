"""The mock with one mistake, for the rules that the twin has no operations for.

`BROKEN` names the mistake; `application` is what a run judges. A process has one mock, since a
mistake replaces a handler or a part of the mock for as long as the process lives.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mockserver import Config, create_app
from mockserver.api.context import Handler, RequestContext
from mockserver.api.operations import HANDLERS, assignments, exim, images, providers
from mockserver.config import RELEASES
from mockserver.contract.compiler import load_contract
from mockserver.contract.operation import ROLES
from mockserver.control import public as control_plane
from mockserver.framework.uploads import Picture
from mockserver.messages import JSON, Response
from mockserver.world.store import Store

USERS = "credentials_orgs_users_assignments_users_"
GROUPS = "credentials_orgs_users_assignments_groups_"
IMAGES = "credentials_orgs_users_images_"
COURSES = "credentials_orgs_users_course_credentials_list"
EXIM = "credentials_exim_credentials_course_"
Change = Callable[[Any], Any]


def wrap(operation_id: str, around: Callable[[Handler, RequestContext], Response]) -> None:
    """Put something around the handler of an operation."""
    handler = HANDLERS[operation_id]
    HANDLERS[operation_id] = lambda context: around(handler, context)  # type: ignore[index]


def answer(operation_id: str, change: Change) -> None:
    """Change the JSON that an operation answers with success."""

    def around(handler: Handler, context: RequestContext) -> Response:
        response = handler(context)
        if response.status >= 300:
            return response
        return response._replace(body=json.dumps(change(json.loads(response.body))).encode())

    wrap(operation_id, around)


def ask(operation_id: str, **query: str) -> None:
    """Let an operation see other query parameters than were sent."""

    def around(handler: Handler, context: RequestContext) -> Response:
        request = context.request._replace(query={**context.request.query, **query})
        return handler(replace(context, request=request))

    wrap(operation_id, around)


def open_to_everybody(operation_id: str) -> None:
    """Let every role call an operation."""
    operation = load_contract().operations[operation_id]  # which is loaded once for a process
    object.__setattr__(operation, "roles", frozenset(ROLES))


def search_finds_every_image() -> None:
    """`query` is read and not used."""
    ask(IMAGES + "retrieve", query="a")


def search_minds_case() -> None:
    """A name is found by its own letters only."""

    def around(handler: Handler, context: RequestContext) -> Response:
        term, response = context.request.query.get("query", ""), handler(context)
        if response.status != 200:
            return response
        found = [each for each in json.loads(response.body) if term in (each["name"] or "")]
        return Response(200, json.dumps(found).encode(), JSON)

    wrap(IMAGES + "retrieve", around)


def search_needs_no_query() -> None:
    """Without a text everything is listed."""

    def around(handler: Handler, context: RequestContext) -> Response:
        return (
            handler(context) if context.request.query.get("query") else Response(200, b"[]", JSON)
        )

    wrap(IMAGES + "retrieve", around)


def anything_is_a_picture() -> None:
    """A text file is stored as an image."""
    Picture.convert = lambda self, value: value  # type: ignore[method-assign]
    images.detect_media_type = lambda content: "image/png"  # type: ignore[attr-defined]


def uploads_are_all_svg() -> None:
    """A picture is served as what its file was called."""
    images.detect_media_type = lambda content: "image/svg+xml"  # type: ignore[attr-defined]


def svg_runs_scripts() -> None:
    """A picture has no policy."""
    control_plane.PICTURE_HEADERS.clear()


def icons_stay_null() -> None:
    """The id of an image is stored and its address is not shown."""
    for name in ("create", "update"):
        answer(
            f"credentials_orgs_users_{name}",
            lambda body: {**body, "result": {**body["result"], "iconImage": None}},
        )


def learners_upload() -> None:
    """A learner's upload is stored."""
    open_to_everybody(IMAGES + "create")


def courses_lose_their_last_credential() -> None:
    """Of several credentials of a course one is missing."""

    def change(page: Any) -> Any:
        return {
            **page,
            "results": [{**c, "credentials": c["credentials"][:-1]} for c in page["results"]],
        }

    answer(COURSES, change)


def courses_have_one_page() -> None:
    """`next` is null on every page."""
    answer(COURSES, lambda page: {**page, "next": None})


def course_search_is_ignored() -> None:
    """`search` changes nothing."""
    ask(COURSES, search="")


def drafts_stand_under_courses() -> None:
    """The page of courses shows what is not public."""

    def around(handler: Handler, context: RequestContext) -> Response:
        store = context.sandbox.store
        hidden = [each for each in store.credentials.values() if not each.public]
        for each in hidden:
            store.put_credential(replace(each, public=True))
        response = handler(context)
        for each in hidden:
            store.put_credential(each)
        return response

    wrap(COURSES, around)


def exports_lack_metadata() -> None:
    """An export leaves the metadata out."""

    def change(body: Any) -> Any:
        return {**body, "credentials": [{**c, "metadata": None} for c in body["credentials"]]}

    answer(EXIM + "export_retrieve", change)


def imports_add_everything_again() -> None:
    """What is imported is always created."""
    pairs = lambda items, here: ((item, None) for item in items)  # noqa: E731
    exim._counterparts = pairs  # type: ignore[assignment]


def half_an_import_is_201() -> None:
    """What was refused is told in the body only."""

    def around(handler: Handler, context: RequestContext) -> Response:
        response = handler(context)
        return response._replace(status=201) if response.status == 207 else response

    wrap(EXIM + "import_create", around)


def learners_export() -> None:
    """A learner exports what is not public."""
    open_to_everybody(EXIM + "export_retrieve")


def secrets_are_shown() -> None:
    """A configuration shows the key that was sent."""
    providers.masked = lambda secret: secret  # type: ignore[assignment]


def masks_are_stored() -> None:
    """A masked secret that is sent back takes the secret's place."""
    masks = iter(range(10**6))
    shown = providers.masked
    providers.masked = lambda secret: secret and f"{shown(secret)[:8]}{next(masks) % 9999:04}"  # type: ignore[assignment,index]


def mappings_pile_up() -> None:
    """A second word on the same adds a second mapping."""
    answer("credentials_external_mapping_list", lambda found: [*found, *found])


def learners_configure() -> None:
    """A learner changes how the platform uses a provider."""
    open_to_everybody("credentials_provider_config_create")


def assertions_outlive_assignments() -> None:
    """A deleted assignment leaves what it issued."""
    Store.remove_assignment = lambda self, each: self.assignments.pop(each.entity_id)  # type: ignore


def failed_users_are_not_told() -> None:
    """Users who were not assigned are left out of the answer."""

    def change(body: Any) -> Any:
        return {**body, "result": {**body["result"], "failed_assignments": []}}

    answer(USERS + "create", change)


def groups_hold_nothing() -> None:
    """An assignment to a group is completed without issuing."""
    Store.holds = lambda self, user, credential, now: True  # type: ignore[method-assign]


def group_filter_is_ignored() -> None:
    """`group_id` changes nothing."""
    ask(GROUPS + "retrieve", group_id="")


def learners_see_every_assignment() -> None:
    """The lists are the same for everybody."""
    assignments._sees = lambda context, user_ids: True


def learners_assign() -> None:
    """A learner assigns to themselves."""
    open_to_everybody(USERS + "create")


def unknown_assignments_are_deleted() -> None:
    """Deleting what is not there succeeds."""

    def around(handler: Handler, context: RequestContext) -> Response:
        there = context.path_values["assignment_id"] in context.sandbox.store.assignments
        return handler(context) if there else Response(204)

    wrap("credentials_orgs_users_assignments_destroy", around)


MISTAKES: Mapping[Callable[[], None], str] = {
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
    secrets_are_shown: "PROVIDER-02",
    masks_are_stored: "PROVIDER-02",
    mappings_pile_up: "PROVIDER-03",
    learners_configure: "PROVIDER-04",
    assertions_outlive_assignments: "ASSIGN-01",
    failed_users_are_not_told: "ASSIGN-02",
    groups_hold_nothing: "ASSIGN-03",
    group_filter_is_ignored: "ASSIGN-04",
    learners_see_every_assignment: "ASSIGN-05",
    unknown_assignments_are_deleted: "ASSIGN-06",
    learners_assign: "ASSIGN-07",
}
"""Each mistake with the rule that is about it."""
BY_NAME = {each.__name__: each for each in MISTAKES}


def make() -> Any:
    """Return a mock with the mistake that the environment names."""
    mistake = BY_NAME.get(os.environ.get("BROKEN", ""))
    if mistake:
        mistake()
    return create_app(Config(api_version=RELEASES[-1]))


application = make()
