"""Whether the records of a world that a user wrote can be responses of the contract."""

from collections.abc import Callable
from functools import partial
from operator import attrgetter

from mockserver.contract.contract import Contract
from mockserver.contract.schemas import Validator
from mockserver.errors import StartError
from mockserver.messages import decode
from mockserver.rendering.renderer import Pieces, Renderer
from mockserver.world.store import Store


def check_world(store: Store, contract: Contract, name: str) -> None:
    """Raise StartError for the first record that the contract does not allow in a response.

    The world that ships is checked by its test; this is for a world that somebody else wrote.
    """
    renderer = Renderer()
    by_sequence = attrgetter("sequence")
    validator = contract.validator("Issuer")
    for issuer in store.issuers.values():
        where = f"{name}: issuer {issuer.entity_id}"
        _check_record(validator, partial(renderer.render_issuer, store, issuer), where)
    validator = contract.validator("Credential")
    for credential in sorted(store.credentials.values(), key=by_sequence):
        where = f"{name}: credential {credential.entity_id}"
        _check_record(validator, partial(renderer.encode_credential, store, credential), where)
    validator = contract.validator("Assertion")
    for assertion in sorted(store.assertions.values(), key=by_sequence):
        where = f"{name}: assertion {assertion.entity_id}"
        _check_record(validator, partial(renderer.render_assertion, store, assertion), where)


def _check_record(validator: Validator, render: Callable[[], Pieces], where: str) -> None:
    try:
        rendered = decode(b"http://mock".join(render()))
    except (KeyError, TypeError, ValueError) as error:
        raise StartError(f"{where}: {error!r}") from error
    for violation in validator.iter_errors(rendered):
        place = "/".join(map(str, violation.instance_path))
        raise StartError(f"{where}, {place}: {violation.message[-300:]}")
