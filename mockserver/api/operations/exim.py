"""Export and import: the credentials of one course, as a document that can be read again.

An export has each credential as a list shows it. An import takes that unchanged, into any course
and platform: the issuer is the platform's default, the course of the path takes the place of the
one that was exported, and what the platform does not have is left out (FACTS.md, S13 and S14).
"""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from mockserver.api.context import RequestContext, WriteContext, exists_on_platform
from mockserver.api.operations.credentials import new_credential, update_credential
from mockserver.contract.operation import Body
from mockserver.errors import NotFound, ValidationError
from mockserver.messages import JSON, Response, encode
from mockserver.rendering.pages import render_export
from mockserver.world.fields import IMAGE_FIELDS
from mockserver.world.records import Credential, Issuer

CREATE = "credentials_orgs_users_create"
LINKS = {"courses": "course_id", "programs": "program_id", "pathways": "pathway_id"}
"""What a credential is attached to, each with the field that has the id in an export."""


def credentials_exim_credentials_course_export_retrieve(context: RequestContext) -> Response:
    """Export every credential of the course, also those that are not public, oldest first."""
    course_id, store = _find_course(context), context.store
    credentials = _list_credentials(context, course_id)
    items = (context.renderer.render_credential(store, each) for each in credentials)
    return render_export(context.request, course_id, items)


def credentials_exim_credentials_course_import_create(context: WriteContext) -> Response:
    """Create or update each credential of the document: 201 for all, 207 for some, 400 for none."""
    course_id, body = _find_course(context), context.read_body()
    issuer = context.store.find_issuer(context.platform.key, context.platform.key)
    existing = _find_existing(context, course_id, issuer)
    imported, errors = [], []
    for index, item in enumerate(body["credentials"]):
        try:
            moved = _move(context, item, body.get("course_id"), course_id)
            imported.append(_import(context, moved, issuer, existing))
        except ValidationError as error:
            name = item.get("name") if isinstance(item, dict) else None
            shown = name if isinstance(name, str) else ""
            errors.append({"index": index, "name": shown, "errors": error.detail})
    status = 400 if not imported else 207 if errors else 201
    result = {"course_id": course_id, "imported_credentials": imported, "errors": errors}
    outcome = {"success": bool(imported), "description": "Ok" if imported else "Error"}
    return Response(status, encode({"status": outcome, "result": result}), JSON)


def _find_course(context: RequestContext) -> str:
    """Return the id of the course of the path; raises NotFound."""
    course_id = context.path_values["course_id"]
    if (context.platform.key, course_id) not in context.store.courses:
        raise NotFound.of("Course")
    return course_id


def _list_credentials(context: RequestContext, course_id: str) -> list[Credential]:
    """Return all credentials of a course, oldest first."""
    found = (
        credential
        for credential in context.store.credentials.values()
        if credential.platform == context.platform.key and course_id in credential.fields["courses"]
    )
    return sorted(found, key=attrgetter("position"))


def _create_body(context: RequestContext) -> Body:
    """Return the body of a create, whose fields an imported credential has."""
    body = context.contract.operations[CREATE].body
    assert body is not None  # noqa: S101  (a create has one)
    return body


def _move(context: RequestContext, item: Any, exported_from: str | None, course_id: str) -> Any:
    """Return an exported credential as the body of a create here, for a course."""
    if not isinstance(item, Mapping):
        return item
    moved = {name: value for name, value in item.items() if name not in ("issuer", "signatories")}
    for name, key in LINKS.items():
        if isinstance(item.get(name), list):
            ids = [link.get(key) if isinstance(link, Mapping) else link for link in item[name]]
            moved[name] = [each for each in ids if _has(context, name, each)]
    courses = moved.get("courses", [])
    if isinstance(courses, list):  # else the field refuses it
        others = [each for each in courses if each != exported_from]
        moved["courses"] = list(dict.fromkeys([*others, course_id]))
    for name in IMAGE_FIELDS.values():
        if not _has(context, "images", item.get(name)):
            moved.pop(name, None)
    return moved


def _has(context: RequestContext, collection: str, value: Any) -> bool:
    """Tell whether the platform has a course, a program, a pathway or an image."""
    is_key = isinstance(value, str | int)  # what a collection cannot be asked for has no hash
    return is_key and exists_on_platform(context.store, context.platform.key, collection, value)


def _import(
    context: WriteContext, item: Any, issuer: Issuer | None, existing: dict[str, Credential]
) -> dict[str, Any]:
    """Store one credential of the document; raises ValidationError and then changes nothing.

    `existing` has what an import would update, by name, and gets what is stored.
    """
    if issuer is None:
        raise ValidationError({"issuer": ["The platform has no issuer."]})
    if isinstance(item, Mapping):
        item = {**item, "issuer": issuer.entity_id}
    body = _create_body(context).validate(item, context.validation_context())
    old = existing.get(body["name"])
    if old is not None:  # of which the fields that the document does not have stay
        body = _create_body(context).validate(item, context.validation_context(partial=True))
        body["courses"] = list(dict.fromkeys([*old.fields["courses"], *body["courses"]]))
    catalog_items = item.get("catalog_items")  # which a create does not take
    if isinstance(catalog_items, list) and all(isinstance(each, str) for each in catalog_items):
        body["catalog_items"] = catalog_items
    credential = update_credential(old, body) if old else new_credential(context, body)
    # What cannot be written as JSON fails here, before it is stored.
    context.renderer.render_credential(context.store, credential)
    context.transaction.put_credential(credential)
    existing[body["name"]] = credential
    status = "updated" if old else "created"
    return {"entityId": credential.entity_id, "name": body["name"], "status": status}


def _find_existing(
    context: RequestContext, course_id: str, issuer: Issuer | None
) -> dict[str, Credential]:
    """Return the credentials of a course that an issuer has, by name; of equal names the first."""
    found: dict[str, Credential] = {}
    for credential in _list_credentials(context, course_id):
        if issuer is not None and credential.issuer == issuer.entity_id:
            found.setdefault(credential.fields["name"], credential)
    return found
