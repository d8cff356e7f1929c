"""Records as the API writes them.

The addresses of images depend on the host and prefix that the client used, everything else in a
record does not. So a record is encoded once, into the pieces between the places where that base
address goes (`Pieces`), and a response joins them: a page costs no encoding.
"""

from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from mockserver.contract.document import Contract
from mockserver.errors import StartError
from mockserver.framework.pagination import Page, Window
from mockserver.framework.times import format_time
from mockserver.messages import JSON, Request, Response, encode
from mockserver.world.document import IMAGE_FIELDS
from mockserver.world.records import Assertion, Credential, Image, Issuer, Signatory
from mockserver.world.store import Store

Pieces = tuple[bytes, ...]

# A byte that JSON text cannot hold unescaped, so nothing that a client stores can be taken for it.
_BASE = b"\x00"
IMAGE_PATH = "/__mock__/images/"


def base_address(request: Request) -> bytes:
    """Return where this server is for the client, ready to stand inside a JSON string."""
    return encode(request.origin + request.root)[1:-1]


def _on_this_server(path: str) -> orjson.Fragment:
    return orjson.Fragment(b'"' + _BASE + encode(path)[1:])


def _address(address: str) -> Any:
    return _on_this_server(address) if address.startswith(IMAGE_PATH) else address


def _image(store: Store, image_id: int | None, address: str | None) -> Any:
    if image_id is not None:
        return _on_this_server(IMAGE_PATH + store.images[image_id].file)
    return address


class _EncodedIssuer(NamedTuple):
    """An issuer as its credentials show it, and its signatories alone."""

    whole: orjson.Fragment
    signatories: orjson.Fragment


def _issuer(store: Store, issuer: Issuer) -> _EncodedIssuer:
    """Return the issuer, encoded once: all its credentials show it."""
    if not issuer.rendered:
        signatories = _signatories(issuer.signatories)
        body = {
            "name": issuer.name,
            "org": issuer.platform,
            "entityId": issuer.entity_id,
            "signatories": signatories,
            "url": issuer.url,
            "iconImage": _image(store, issuer.icon_image_id, issuer.icon_image),
            "allowed_template_tags": issuer.allowed_template_tags,
        }
        issuer.rendered.append(_EncodedIssuer(orjson.Fragment(encode(body)), signatories))
    encoded: _EncodedIssuer = issuer.rendered[0]
    return encoded


def _signatories(signatories: tuple[Signatory, ...]) -> orjson.Fragment:
    return orjson.Fragment(encode([_signatory(each) for each in signatories]))


def _signatory(signatory: Signatory) -> dict[str, Any]:
    return {
        "entityId": signatory.entity_id,
        "name": signatory.name,
        "title": signatory.title,
        "signature": _address(signatory.signature),
    }


def _signing(credential: Credential, issuer: Issuer, encoded: _EncodedIssuer) -> orjson.Fragment:
    """Return the issuer's signatories, or those chosen among them, then the credential's own."""
    chosen = credential.fields.get("signatories")
    if chosen is None and not credential.signatories:
        return encoded.signatories
    signing = issuer.signatories
    if chosen is not None:
        by_entity_id = {each.entity_id: each for each in signing}
        signing = tuple(by_entity_id[each] for each in chosen)
    return _signatories(signing + credential.signatories)


def _credential(store: Store, credential: Credential, issuer: Issuer) -> dict[str, Any]:
    fields, platform = credential.fields, credential.platform
    encoded = _issuer(store, issuer)
    images = {
        name: value
        for field, id_field in IMAGE_FIELDS.items()
        for name, value in (
            (field, _image(store, fields[id_field], fields[field])),
            (id_field, fields[id_field]),
        )
    }
    return {
        "entityId": credential.entity_id,
        "name": fields["name"],
        "name_override": fields["name_override"],
        "description": fields["description"],
        "criteriaUrl": fields["criteriaUrl"],
        "criteriaNarrative": fields["criteriaNarrative"],
        "createdAt": format_time(credential.created_at),
        **images,
        "catalog_items": fields["catalog_items"],
        "courses": [
            {"name": store.courses[platform, each], "course_id": each} for each in fields["courses"]
        ],
        "programs": [
            {"name": store.programs[platform, each], "program_id": each}
            for each in fields["programs"]
        ],
        "pathways": [
            {"name": store.pathways[platform, each], "pathway_id": each}
            for each in fields["pathways"]
        ],
        "issuerDetails": encoded.whole,
        "html_template": fields["html_template"],
        "css_template": fields["css_template"],
        # On its own, since it alone may hold what only the slower encoder can write.
        "metadata": orjson.Fragment(encode(fields["metadata"])),
        "credentialType": fields["credentialType"],
        "expires": fields["expires"],
        "tags": fields["tags"],
        "signatories": _signing(credential, issuer, encoded),
        "signal": fields["signal"],
    }


def credential_pieces(store: Store, credential: Credential) -> Pieces:
    """Return the encoded credential, from its cache while its issuer is the same."""
    issuer = store.issuers[credential.issuer]
    cache = credential.rendered
    # Read once: a sandbox with another issuer may replace it meanwhile.
    entry = cache[0] if cache else None
    if entry and entry[0] is issuer:
        return entry[1]  # type: ignore[no-any-return]
    pieces = tuple(encode(_credential(store, credential, issuer)).split(_BASE))
    cache[:] = [(issuer, pieces)]
    return pieces


def issuer_pieces(store: Store, issuer: Issuer) -> Pieces:
    """Return the encoded issuer."""
    return tuple(encode(_issuer(store, issuer).whole).split(_BASE))


def signatory_pieces(signatory: Signatory) -> Pieces:
    """Return the encoded signatory."""
    return tuple(encode(_signatory(signatory)).split(_BASE))


def course_pieces(
    store: Store, course: tuple[str, str], credentials: Iterable[Credential]
) -> Pieces:
    """Return the encoded course (platform and id) with these credentials."""
    about = encode({"course_id": course[1], "name": store.courses[course]})
    records = b",".join(_BASE.join(credential_pieces(store, each)) for each in credentials)
    whole = about[:-1] + b',"credentials":[' + records + b"]}"
    return tuple(whole.split(_BASE))


def assertion_pieces(store: Store, assertion: Assertion) -> Pieces:
    """Return the encoded assertion around the credential as it is now."""
    credential, fields = store.credentials[assertion.credential], assertion.fields
    recipient, platform = store.users[assertion.recipient], credential.platform
    course, program = fields["course"], fields["program"]
    head = {"entityId": assertion.entity_id, "issuedOn": format_time(assertion.issued_on)}
    tail = {
        "recipient": {"username": recipient.username, "name": recipient.name},
        "metadata": orjson.Fragment(encode(fields["metadata"])),
        "course": course and {"name": store.courses[platform, course], "course_id": course},
        "program": program and {"name": store.programs[platform, program], "program_id": program},
        "narrative": fields["narrative"],
        "revoked": assertion.revoked,
        "revocationReason": fields["revocationReason"],
        "acceptance": fields["acceptance"],
        "expires": None if assertion.expires is None else format_time(assertion.expires),
    }
    first, *rest = credential_pieces(store, credential)
    pieces = [encode(head)[:-1] + b',"credentialDetails":' + first, *rest]
    pieces[-1] += b"," + encode(tail)[1:]
    return tuple(pieces)


def check_world(store: Store, contract: Contract, name: str) -> None:
    """Raise StartError for the first record that the contract does not allow in an answer.

    The world that ships is checked by its test; this is for a world that somebody else wrote.
    """
    of_issuer, of_credential = contract.validator("Issuer"), contract.validator("Credential")
    of_assertion = contract.validator("Assertion")
    for entity_id, issuer in store.issuers.items():
        where = f"{name}: issuer {entity_id}"
        _check_record(of_issuer, partial(issuer_pieces, store, issuer), where)
    for credential in sorted(store.credentials.values(), key=attrgetter("sequence")):
        where = f"{name}: credential {credential.entity_id}"
        _check_record(of_credential, partial(credential_pieces, store, credential), where)
        credential.rendered.clear()  # of most nobody will ask
    for assertion in sorted(store.assertions.values(), key=attrgetter("sequence")):
        where = f"{name}: assertion {assertion.entity_id}"
        _check_record(of_assertion, partial(assertion_pieces, store, assertion), where)


def _check_record(validator: Any, render: Callable[[], Pieces], where: str) -> None:
    try:
        shown = orjson.loads(b"http://mock".join(render()))
    except (KeyError, TypeError, ValueError) as error:
        raise StartError(f"{where}: {error!r}") from error
    for breach in validator.iter_errors(shown):
        place = "/".join(map(str, breach.instance_path))
        raise StartError(f"{where}, {place}: {breach.message[-300:]}")


def image_pieces(image: Image) -> Pieces:
    """Return the encoded image: id, name and address."""
    address = _on_this_server(IMAGE_PATH + image.file)
    return tuple(encode({"id": image.id, "name": image.name, "image": address}).split(_BASE))


def bare_array(request: Request, items: Iterable[Pieces]) -> Response:
    """Return items as an array without an envelope."""
    base = base_address(request)
    return Response(200, b"[" + b",".join(base.join(each) for each in items) + b"]", JSON)


def one(description: str, item: Pieces, base: bytes) -> Response:
    """Return an item in the envelope."""
    return Response(200, _enveloped(description, base.join(item)), JSON)


def _enveloped(description: str, result: bytes) -> bytes:
    status = encode({"success": True, "description": description})
    return b'{"status":' + status + b',"result":' + result + b"}"


def bare(request: Request, item: Pieces) -> Response:
    """Return an item without an envelope."""
    return Response(200, base_address(request).join(item), JSON)


def paged(request: Request, page: Page | Window, items: Iterable[Pieces], maximum: int) -> Response:
    """Return a page in the envelope, with the links of the framework's paginator."""
    return Response(200, _enveloped("Ok", _page(request, page, items, maximum, "data")), JSON)


def bare_page(
    request: Request, page: Page, items: Iterable[Pieces], maximum: int, data: str = "data"
) -> Response:
    """Return a page without an envelope; `data` is the name that its items stand under."""
    return Response(200, _page(request, page, items, maximum, data), JSON)


def _page(
    request: Request, page: Page | Window, items: Iterable[Pieces], maximum: int, name: str
) -> bytes:
    base = base_address(request)
    fields = {
        "next": page.next(request),
        "previous": page.previous(request),
        "count": page.count,
        "num_pages": page.num_pages,
        "page_number": page.number,
        "max_page_size": maximum,
    }
    data = b",".join(base.join(item) for item in items)
    return encode(fields)[:-1] + b"," + encode(name) + b":[" + data + b"]}"
