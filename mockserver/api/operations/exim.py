"""Export and import: the credentials of one course, as a document that can be read again.

Little is known of the document that production writes, so its shape is our choice: each credential
under the names of a create, whole, with the entityId that it has here. Importing what was exported
changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from mockserver.api.context import RequestContext, WriteContext
from mockserver.api.operations.credentials import new_credential, update_credential
from mockserver.contract.operation import Body
from mockserver.errors import NotFound, ValidationError
from mockserver.messages import JSON, Response, encode
from mockserver.world.fields import thaw
from mockserver.world.records import Credential

CREATE = "credentials_orgs_users_create"


def credentials_exim_credentials_course_export_retrieve(context: RequestContext) -> Response:
    """Export every credential of the course, also those that are not public, oldest first."""
    course_id = _find_course(context)
    members = _create_body(context).fields.members
    names = [member.name for member in members if member.alias_of is None]
    body = {
        "course_id": course_id,
        "name": context.store.courses[context.platform.key, course_id],
        "credentials": [
            _export(credential, names) for credential in _list_credentials(context, course_id)
        ],
    }
    return Response(200, encode(body), JSON)


def credentials_exim_credentials_course_import_create(context: WriteContext) -> Response:
    """Create or change each credential of the document: 201 for all, 207 for some, 400 for none.

    A credential of the course with the same entityId, or else with the same name, is changed, each
    once; where there is none, one is created.
    """
    course_id = _find_course(context)
    items = context.read_body()["credentials"]
    pairs = _match_existing(items, _list_credentials(context, course_id))
    imported, failed = [], []
    for index, (item, old) in enumerate(pairs):
        try:
            imported.append(_import(context, course_id, item, old))
        except ValidationError as error:
            failed.append(
                {"index": index, "name": _read_text(item, "name"), "errors": error.detail}
            )
    status = 400 if not imported else 207 if failed else 201
    return Response(status, encode({"imported": imported, "failed": failed}), JSON)


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
    """Return the body of a create, whose fields an exported credential has."""
    body = context.contract.operations[CREATE].body
    assert body is not None  # noqa: S101  (a create has one)
    return body


def _export(credential: Credential, names: list[str]) -> dict[str, Any]:
    """Return what a create takes; the course is named once, for all."""
    own = {"issuer": credential.issuer, "public": credential.public}
    values = {**thaw(credential.fields), **own}
    exported = {name: values[name] for name in names if name != "courses"}
    return {"entityId": credential.entity_id, **exported}


def _import(
    context: WriteContext, course_id: str, item: Any, old: Credential | None
) -> dict[str, Any]:
    """Store one credential of the document; raises ValidationError and then changes nothing."""
    validation = context.validation_context(partial=old is not None)
    body = _create_body(context).validate(item, validation)
    others = old.fields["courses"] if old else body.get("courses", [])
    body["courses"] = list(dict.fromkeys([*others, course_id]))
    credential = update_credential(old, body) if old else new_credential(context, body)
    # What cannot be written as JSON fails here, before it is stored.
    context.renderer.render_credential(context.store, credential)
    context.transaction.put_credential(credential)
    name = credential.fields["name"]
    return {"entityId": credential.entity_id, "name": name, "created": old is None}


def _match_existing(
    items: list[Any], existing: list[Credential]
) -> Iterator[tuple[Any, Credential | None]]:
    """Yield each exported credential with the one of the course that it stands for."""
    by_id = {credential.entity_id: credential for credential in existing}
    wanted_ids = {_read_text(item, "entityId") for item in items}
    by_name = defaultdict(list)
    for credential in existing:
        if credential.entity_id not in wanted_ids:
            by_name[credential.fields["name"]].append(credential)
    for item in items:
        old = by_id.pop(_read_text(item, "entityId"), None)
        same_name = by_name.get(_read_text(item, "name"))
        yield item, old or (same_name.pop(0) if same_name else None)


def _read_text(item: Any, name: str) -> str:
    """Return a text of an exported credential, which may be anything; else an empty one."""
    value = item.get(name) if isinstance(item, dict) else None
    return value if isinstance(value, str) else ""
