# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Mistakes of what the twin does not offer: of names, links, counts, copies and other platforms."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Flask
from immutables import Map

from mockserver.messages import Response
from tests.support.breaking import (
    CONFIG,
    COURSES,
    EXIM,
    IMAGES,
    MAPPING,
    USERS,
    Handler,
    answer,
    wrap,
)

ANALYTICS = ("assertions_over_time", "course_assertions_over_time")


def change_result(app: Flask, operation_id: str, **changes: Callable[[Any], Any]) -> None:
    """Change fields of the result that an operation answers in the envelope."""

    def change(body: Any) -> Any:
        result = body["result"]
        changed = {name: function(result[name]) for name, function in changes.items()}
        return {**body, "result": {**result, **changed}}

    answer(app, operation_id, change)


def lose_search(link: str | None) -> str | None:
    """Return a link without its search, which stands last."""
    return link and link.partition("&search=")[0]


def course_names_are_not_searched(app: Flask) -> None:
    """A search of courses looks into their ids only."""

    def around(handler: Handler, context: Any) -> Response:
        term, response = context.request.query.get("search", ""), handler(context)
        body = json.loads(response.body)
        if response.status == 200:
            found = [
                course
                for course in body["result"]["results"]
                if term.casefold() in course["course_id"].casefold()
            ]
            body["result"]["results"] = found
        return response._replace(body=json.dumps(body).encode())

    wrap(app, COURSES, around)


def links_between_courses_lose_the_search(app: Flask) -> None:
    """The next page of a search is of all courses."""
    change_result(app, COURSES, next=lose_search)


def courses_show_light_credentials(app: Flask) -> None:
    """Below a course the templates of a credential are null."""

    def lighten(courses: Any) -> Any:
        light = {"html_template": None, "criteriaNarrative": None}
        return [
            {**course, "credentials": [{**each, **light} for each in course["credentials"]]}
            for course in courses
        ]

    change_result(app, COURSES, results=lighten)


def usernames_are_not_searched(app: Flask) -> None:
    """A search of assignments looks into the names of credentials only."""

    def around(handler: Handler, context: Any) -> Response:
        term, response = context.request.query.get("search", ""), handler(context)
        body = json.loads(response.body)
        if response.status == 200:
            kept = [
                each
                for each in body["result"]["data"]
                if term.casefold() in each["credential"]["name"].casefold()
            ]
            body["result"]["data"] = kept
        return response._replace(body=json.dumps(body).encode())

    wrap(app, USERS + "retrieve", around)


def links_between_assignments_lose_the_search(app: Flask) -> None:
    """The next page of a search is of all assignments."""
    change_result(app, USERS + "retrieve", next=lose_search)


def counts_have_revoked_assignments(app: Flask) -> None:
    """The count of assignments is of all that were made."""
    change_result(app, USERS + "retrieve", count=lambda count: count + 1)


def the_caller_decides_what_is_listed(app: Flask) -> None:
    """An admin sees all assignments below everybody's path."""

    def around(handler: Handler, context: Any) -> Response:
        return handler(replace(context, user=context.caller.user))

    wrap(app, USERS + "retrieve", around)


def exports_have_other_courses(app: Flask) -> None:
    """An export has a credential more, of another course."""

    def around(handler: Handler, context: Any) -> Response:
        response = handler(context)
        body = json.loads(response.body)
        if response.status == 200 and body["credentials"]:
            other = {"name": "Another", "course_id": "course-v1:elsewhere"}
            body["credentials"].append({**body["credentials"][0], "courses": [other]})
        return response._replace(body=json.dumps(body).encode())

    wrap(app, EXIM + "export_retrieve", around)


def change_import(app: Flask, change: Callable[[Any], Any]) -> None:
    """Import something else than was sent."""

    def around(handler: Handler, context: Any) -> Response:
        body = json.loads(context.request.read_body())
        sent = {**body, "credentials": [change(each) for each in body["credentials"]]}
        data = json.dumps(sent).encode()
        return handler(replace(context, request=context.request._replace(read_body=lambda: data)))

    wrap(app, EXIM + "import_create", around)


def imports_lose_templates(app: Flask) -> None:
    """What is imported has no templates."""
    lost = ("html_template", "css_template")
    change_import(app, lambda item: {k: v for k, v in item.items() if k not in lost})


def imports_update_nothing(app: Flask) -> None:
    """A credential that is there is reported as updated and stays as it is."""

    def around(handler: Handler, context: Any) -> Response:
        before = context.store.credentials
        response = handler(context)
        for entity_id, credential in before.items():
            if context.store.credentials[entity_id] is not credential:
                context.transaction.put_credential(credential)
        return response

    wrap(app, EXIM + "import_create", around)


def new_assertions_are_not_counted(app: Flask) -> None:
    """The numbers of assertions are those of the last night."""

    def around(handler: Handler, context: Any) -> Response:
        today = context.now.date()
        kept = {k: v for k, v in context.store.assertions.items() if v.issued_on.date() != today}
        return handler(replace(context, snapshot=context.store._replace(assertions=Map(kept))))

    for name in ANALYTICS:
        wrap(app, f"credentials_orgs_users_{name}_retrieve", around)


def every_page_of_providers_is_the_first(app: Flask) -> None:
    """The number of the page is shown and not used."""
    first: dict[str, Any] = {}

    def change(body: Any) -> Any:
        size = str(len(body["result"]["data"]))
        shown = first.setdefault(size, body["result"]["data"])
        return {**body, "result": {**body["result"], "data": shown}}

    answer(app, "credentials_providers_retrieve", change)


def a_credential_has_one_mapping(app: Flask) -> None:
    """A mapping at a second provider takes the place of the first."""

    def around(handler: Handler, context: Any) -> Response:
        response = handler(context)
        new = json.loads(response.body).get("result", {})
        for key, mapping in list(context.store.external_mappings.items()):
            if mapping.credential == new.get("credential_id") and mapping.id != new["id"]:
                context.transaction.remove_external_mapping(key)
        return response

    wrap(app, MAPPING + "create", around)


def forget_platforms(context: Any, collection: str) -> Any:
    """Return a context in which all records of a collection are of the caller's platform."""
    records = {
        key: replace(record, platform=context.platform.key)
        for key, record in getattr(context.store, collection).items()
    }
    store = context.store._replace(**{collection: Map(records)})
    return replace(context, snapshot=store)


def configurations_of_all_platforms_are_listed(app: Flask) -> None:
    """The list of configurations forgets the platform, and shows another's secrets."""

    def around(handler: Handler, context: Any) -> Response:
        return handler(forget_platforms(context, "provider_configs"))

    wrap(app, CONFIG + "retrieve", around)


def images_of_all_platforms_are_found(app: Flask) -> None:
    """A search of images forgets the platform."""

    def around(handler: Handler, context: Any) -> Response:
        return handler(forget_platforms(context, "images"))

    wrap(app, IMAGES + "retrieve", around)


def a_name_has_one_image(app: Flask) -> None:
    """An upload of a name that is there replaces the image."""

    def around(handler: Handler, context: Any) -> Response:
        response = handler(context)
        new = json.loads(response.body)
        if response.status < 300:
            for number, image in list(context.store.images.items()):
                if image.name == new["name"] and number != new["id"]:
                    upload = context.store.uploads[image.file]
                    context.transaction.add_image(replace(image, name=None), upload)
        return response

    wrap(app, IMAGES + "create", around)


LATER_MISTAKES: Mapping[Callable[[Flask], None], str] = {
    course_names_are_not_searched: "COURSE-03",
    links_between_courses_lose_the_search: "COURSE-02",
    courses_show_light_credentials: "COURSE-01",
    usernames_are_not_searched: "ASSIGN-08",
    links_between_assignments_lose_the_search: "ASSIGN-08",
    counts_have_revoked_assignments: "ASSIGN-09",
    the_caller_decides_what_is_listed: "ASSIGN-05",
    exports_have_other_courses: "EXIM-01",
    imports_lose_templates: "EXIM-05",
    imports_update_nothing: "EXIM-02",
    new_assertions_are_not_counted: "STAT-03",
    every_page_of_providers_is_the_first: "PROVIDER-01",
    a_credential_has_one_mapping: "PROVIDER-03",
    configurations_of_all_platforms_are_listed: "PROVIDER-04",
    images_of_all_platforms_are_found: "IMAGE-08",
    a_name_has_one_image: "IMAGE-03",
}
"""Each mistake with the rule that is about it."""
