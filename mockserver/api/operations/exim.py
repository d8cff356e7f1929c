"""Export and import: the credentials of one course, as a document that can be read again.

Little is known of the document that production writes, so its shape is our choice: each credential
under the names of a create, whole, with the entityId that it has here. Importing what was exported
changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from mockserver.api.context import RequestContext
from mockserver.api.operations.credentials import changed, fresh
from mockserver.contract.operation import Body
from mockserver.errors import NotFound, ValidationError
from mockserver.messages import JSON, Response, encode
from mockserver.rendering.records import credential_pieces
from mockserver.world.records import Credential

CREATE = "credentials_orgs_users_create"


def credentials_exim_credentials_course_export_retrieve(context: RequestContext) -> Response:
    """Export every credential of the course, also those that are not public, oldest first."""
    course_id = _course(context)
    names = [each.name for each in _fields(context).fields.members if each.alias_of is None]
    body = {
        "course_id": course_id,
        "name": context.sandbox.store.courses[context.platform.key, course_id],
        "credentials": [_exported(each, names) for each in _credentials_of(context, course_id)],
    }
    return Response(200, encode(body), JSON)


def credentials_exim_credentials_course_import_create(context: RequestContext) -> Response:
    """Create or change each credential of the document: 201 for all, 207 for some, 400 for none.

    A credential of the course with the same entityId, or else with the same name, is changed, each
    once; where there is none, one is created.
    """
    course_id = _course(context)
    items = context.read_body()["credentials"]
    imported, failed = [], []
    for index, (item, old) in enumerate(_counterparts(items, _credentials_of(context, course_id))):
        try:
            imported.append(_import(context, course_id, item, old))
        except ValidationError as error:
            failed.append({"index": index, "name": _text(item, "name"), "errors": error.detail})
    status = 400 if not imported else 207 if failed else 201
    return Response(status, encode({"imported": imported, "failed": failed}), JSON)


def _course(context: RequestContext) -> str:
    course_id = context.path_values["course_id"]
    if (context.platform.key, course_id) not in context.sandbox.store.courses:
        raise NotFound.of("Course")
    return course_id


def _credentials_of(context: RequestContext, course_id: str) -> list[Credential]:
    found = (
        each
        for each in context.sandbox.store.credentials.values()
        if each.platform == context.platform.key and course_id in each.fields["courses"]
    )
    return sorted(found, key=lambda each: each.position)


def _fields(context: RequestContext) -> Body:
    body = context.contract.operations[CREATE].body
    assert body is not None  # noqa: S101  (a create has one)
    return body


def _exported(credential: Credential, names: list[str]) -> dict[str, Any]:
    """Return what a create takes; the course is said once, for all."""
    own = {"issuer": credential.issuer, "public": credential.public}
    values = {**credential.fields, **own}
    shown = {name: values[name] for name in names if name != "courses"}
    return {"entityId": credential.entity_id, **shown}


def _import(
    context: RequestContext, course_id: str, item: Any, old: Credential | None
) -> dict[str, Any]:
    """Store one credential of the document; raises ValidationError and then changes nothing."""
    body = _fields(context).validate(item, context.validation_context(partial=old is not None))
    others = old.fields["courses"] if old else body.get("courses", [])
    body["courses"] = list(dict.fromkeys([*others, course_id]))
    credential = changed(old, body) if old else fresh(context, body)
    store = context.sandbox.store
    credential_pieces(
        store, credential
    )  # which fails for what cannot be written, before it is kept
    store.put_credential(credential)
    name = credential.fields["name"]
    return {"entityId": credential.entity_id, "name": name, "created": old is None}


def _counterparts(
    items: list[Any], here: list[Credential]
) -> Iterator[tuple[Any, Credential | None]]:
    """Yield each exported credential with the one of the course that it stands for."""
    by_id = {each.entity_id: each for each in here}
    named = defaultdict(list)
    meant = {_text(item, "entityId") for item in items}
    for each in here:
        if each.entity_id not in meant:
            named[each.fields["name"]].append(each)
    for item in items:
        old = by_id.pop(_text(item, "entityId"), None)
        same_name = named.get(_text(item, "name"))
        yield item, old or (same_name.pop(0) if same_name else None)


def _text(item: Any, name: str) -> str:
    """Return a text of an exported credential, which may be anything."""
    value = item.get(name) if isinstance(item, dict) else None
    return value if isinstance(value, str) else ""
