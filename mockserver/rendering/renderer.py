"""Records as the API writes them.

The addresses of images depend on the host and prefix that the client used, everything else in a
record does not. So a record is encoded once, into the pieces between the places where that base
address goes (`Pieces`), and a response joins them: a page costs no encoding.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, ref

import orjson

from mockserver.framework.times import format_time
from mockserver.messages import Request, encode
from mockserver.world.fields import IMAGE_FIELDS, thaw_value
from mockserver.world.records import Assertion, Credential, Image, Issuer, Signatory
from mockserver.world.store import Store

Pieces = tuple[bytes, ...]

# A byte that JSON text cannot hold unescaped, so nothing that a client stores can be taken for it.
_BASE = b"\x00"
IMAGE_PATH = "/__mock__/images/"


def base_address(request: Request) -> bytes:
    """Return where this server is for the client, ready to stand inside a JSON string."""
    return encode(request.origin + request.root)[1:-1]


class _EncodedIssuer(NamedTuple):
    """An issuer as its credentials show it, and its signatories alone."""

    whole: orjson.Fragment
    signatories: orjson.Fragment


class Renderer:
    """Encodes records, and keeps what it encoded for as long as the record exists.

    Sandboxes share records, so one renderer serves all worlds of an application.
    """

    def __init__(self) -> None:
        self._issuers: WeakKeyDictionary[Issuer, _EncodedIssuer] = WeakKeyDictionary()
        # By identity, with the issuer that they show: a sandbox may have another one of the same
        # entityId. A WeakKeyDictionary takes four times as long to find one.
        self._credentials: dict[int, tuple[ref[Credential], Issuer, Pieces]] = {}

    def render_credential(self, store: Store, credential: Credential) -> Pieces:
        """Return the encoded credential."""
        issuer, key = store.issuers[credential.issuer], id(credential)
        known = self._credentials.get(key)
        if known and known[1] is issuer and known[0]() is credential:
            return known[2]
        pieces = self.encode_credential(store, credential)
        forget = partial(self._forget, key)
        self._credentials[key] = ref(credential, forget), issuer, pieces
        return pieces

    def _forget(self, key: int, reference: "ref[Credential]") -> None:
        """Drop what was kept of a credential that does not exist any more."""
        known = self._credentials.get(key)
        if known and known[0] is reference:
            del self._credentials[key]

    def encode_credential(self, store: Store, credential: Credential) -> Pieces:
        """Return the encoded credential, which is not kept."""
        issuer = store.issuers[credential.issuer]
        encoded_issuer = self._encode_issuer(store, issuer)
        return _split(encode(_describe_credential(store, credential, encoded_issuer)))

    def render_issuer(self, store: Store, issuer: Issuer) -> Pieces:
        """Return the encoded issuer."""
        return _split(encode(self._encode_issuer(store, issuer).whole))

    def _encode_issuer(self, store: Store, issuer: Issuer) -> _EncodedIssuer:
        """Return the issuer, encoded once: all its credentials show it."""
        encoded = self._issuers.get(issuer)
        if encoded is None:
            signatories = _encode_signatories(issuer.signatories)
            body = _describe_issuer(store, issuer, signatories)
            encoded = _EncodedIssuer(orjson.Fragment(encode(body)), signatories)
            self._issuers[issuer] = encoded
        return encoded

    def render_course(
        self, store: Store, course: tuple[str, str], credentials: Iterable[Credential]
    ) -> Pieces:
        """Return the encoded course (platform and id) with these credentials."""
        about = encode({"course_id": course[1], "name": store.courses[course]})
        records = b",".join(
            _BASE.join(self.render_credential(store, credential)) for credential in credentials
        )
        return _split(about[:-1] + b',"credentials":[' + records + b"]}")

    def render_assertion(self, store: Store, assertion: Assertion) -> Pieces:
        """Return the encoded assertion around the credential as it is now."""
        credential = store.credentials[assertion.credential]
        head = {"entityId": assertion.entity_id, "issuedOn": format_time(assertion.issued_on)}
        tail = _describe_issued(store, assertion, credential.platform)
        first, *others = self.render_credential(store, credential)
        pieces = [encode(head)[:-1] + b',"credentialDetails":' + first, *others]
        pieces[-1] += b"," + encode(tail)[1:]
        return tuple(pieces)

    def render_signatory(self, signatory: Signatory) -> Pieces:
        """Return the encoded signatory."""
        return _split(encode(_describe_signatory(signatory)))

    def render_image(self, image: Image) -> Pieces:
        """Return the encoded image: id, name and address."""
        address = _on_this_server(IMAGE_PATH + image.file)
        return _split(encode({"id": image.id, "name": image.name, "image": address}))


def _split(encoded: bytes) -> Pieces:
    return tuple(encoded.split(_BASE))


def _on_this_server(path: str) -> orjson.Fragment:
    return orjson.Fragment(b'"' + _BASE + encode(path)[1:])


def _image(store: Store, image_id: int | None, address: str | None) -> Any:
    if image_id is not None:
        return _on_this_server(IMAGE_PATH + store.images[image_id].file)
    return address


def _describe_issuer(
    store: Store, issuer: Issuer, signatories: orjson.Fragment
) -> Mapping[str, Any]:
    return {
        "name": issuer.name,
        "org": issuer.platform,
        "entityId": issuer.entity_id,
        "signatories": signatories,
        "url": issuer.url,
        "iconImage": _image(store, issuer.icon_image_id, issuer.icon_image),
        "allowed_template_tags": issuer.allowed_template_tags,
    }


def _encode_signatories(signatories: tuple[Signatory, ...]) -> orjson.Fragment:
    return orjson.Fragment(encode([_describe_signatory(signatory) for signatory in signatories]))


def _describe_signatory(signatory: Signatory) -> Mapping[str, Any]:
    address = signatory.signature
    return {
        "entityId": signatory.entity_id,
        "name": signatory.name,
        "title": signatory.title,
        "signature": _on_this_server(address) if address.startswith(IMAGE_PATH) else address,
    }


def _choose_signatories(
    credential: Credential, issuer: Issuer, encoded: _EncodedIssuer
) -> orjson.Fragment:
    """Return the issuer's signatories, or those chosen among them, then the credential's own."""
    chosen = credential.fields.get("signatories")
    if chosen is None and not credential.signatories:
        return encoded.signatories
    signing = issuer.signatories
    if chosen is not None:
        by_entity_id = {signatory.entity_id: signatory for signatory in signing}
        signing = tuple(by_entity_id[entity_id] for entity_id in chosen)
    return _encode_signatories(signing + credential.signatories)


def _describe_credential(
    store: Store, credential: Credential, encoded: _EncodedIssuer
) -> Mapping[str, Any]:
    fields, platform = credential.fields, credential.platform
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
            {"name": store.courses[platform, course], "course_id": course}
            for course in fields["courses"]
        ],
        "programs": [
            {"name": store.programs[platform, program], "program_id": program}
            for program in fields["programs"]
        ],
        "pathways": [
            {"name": store.pathways[platform, pathway], "pathway_id": pathway}
            for pathway in fields["pathways"]
        ],
        "issuerDetails": encoded.whole,
        "html_template": fields["html_template"],
        "css_template": fields["css_template"],
        # On its own, since it alone may hold what only the slower encoder can write.
        "metadata": orjson.Fragment(encode(thaw_value(fields["metadata"]))),
        "credentialType": fields["credentialType"],
        "expires": thaw_value(fields["expires"]),
        "tags": fields["tags"],
        "signatories": _choose_signatories(credential, store.issuers[credential.issuer], encoded),
        "signal": fields["signal"],
    }


def _describe_issued(store: Store, assertion: Assertion, platform: str) -> Mapping[str, Any]:
    """Return what an assertion shows behind its credential."""
    fields, recipient = assertion.fields, store.users[assertion.recipient]
    course, program = fields["course"], fields["program"]
    return {
        "recipient": {"username": recipient.username, "name": recipient.name},
        "metadata": orjson.Fragment(encode(thaw_value(fields["metadata"]))),
        "course": course and {"name": store.courses[platform, course], "course_id": course},
        "program": program and {"name": store.programs[platform, program], "program_id": program},
        "narrative": fields["narrative"],
        "revoked": assertion.revoked,
        "revocationReason": fields["revocationReason"],
        "acceptance": fields["acceptance"],
        "expires": None if assertion.expires is None else format_time(assertion.expires),
    }
