"""The writes that two deployments are compared by, each on records of its own."""

from collections.abc import Iterator, Mapping
from typing import Any

from contract_tests.catalogue.operations import (
    CREATE_CREDENTIAL,
    CREATE_ISSUER,
    DELETE_CREDENTIAL,
    LIST_CREDENTIALS,
    RETRIEVE_CREDENTIAL,
    UPDATE_CREDENTIAL,
)
from contract_tests.compare.reads import Ask

FIELDS: Mapping[str, Any] = {"name": "{new_name}", "issuer": "{issuer}"}
USUAL: Mapping[str, Any] = {
    "description": "Compared.",
    "criteriaUrl": "https://example.org/criteria",
    "criteriaNarrative": "Do it.",
    "tags": ["a", "b"],
    "metadata": {"level": 2, "nested": {"a": [1, None, "x"]}},
    "credentialType": "CERTIFICATE",
    "expires": {"amount": 3, "duration": "months"},
    "signal": "COURSE_PASSED",
}
INVALID: Mapping[str, Any] = {
    "no name": {"issuer": "{issuer}"},
    "no issuer": {"name": "{new_name}"},
    "an empty name": {**FIELDS, "name": ""},
    "a name of null": {**FIELDS, "name": None},
    "a long name": {**FIELDS, "name": "n" * 1001},
    "an unknown issuer": {**FIELDS, "issuer": "no-such-issuer"},
    "an unknown signal": {**FIELDS, "signal": "no-such-signal"},
    "a criteria URL that is none": {**FIELDS, "criteriaUrl": "not a url"},
    "an unknown course": {**FIELDS, "courses": ["no-such-course"]},
    "an amount that is a text": {**FIELDS, "expires": {"amount": "x", "duration": "months"}},
}
CHANGES: tuple[Mapping[str, Any], ...] = (
    {"name": "{other_name}"},
    {"description": None},
    {"metadata": {"more": 1}},
    {"tags": []},
    {"expires": {"amount": 9}},
    {"criteriaUrl": "not a url"},
    {"name": ""},
    {},
)


def list_writes(missing: Mapping[str, str]) -> Iterator[Ask]:
    """Yield create, read, change and delete, in this order, with what may be refused."""
    if CREATE_CREDENTIAL in missing:
        return
    collection, item = "{collection}", "{collection}{created}"

    def ask(operation: str, what: str, method: str, path: str, **fields: Any) -> Ask:
        return Ask(operation, what, path, method=method, **fields)

    for what, body in INVALID.items():
        yield ask(CREATE_CREDENTIAL, f"a create with {what}", "POST", collection, body=body,
                  saves="refused")  # fmt: skip
    for body in (FIELDS, {**FIELDS, **USUAL}):
        yield ask(CREATE_CREDENTIAL, "a create", "POST", collection, body=body, saves="created")
        yield ask(RETRIEVE_CREDENTIAL, "what was created", "GET", item, saves="read")
        yield ask(LIST_CREDENTIALS, "a list after a create", "GET", collection,
                  query=(("search", "{new_name}"),), saves="listed")  # fmt: skip
    for body in CHANGES:
        what = f"a change of {', '.join(body) or 'nothing'}"
        yield ask(UPDATE_CREDENTIAL, what, "PUT", item, body=body)
        yield ask(RETRIEVE_CREDENTIAL, f"after {what}", "GET", item, saves="read")
    yield ask(UPDATE_CREDENTIAL, "a change without a key", "PUT", item, body={}, actor=None)
    yield ask(UPDATE_CREDENTIAL, "a change as learner", "PUT", item, body={}, actor="learner")
    yield ask(DELETE_CREDENTIAL, "a DELETE as learner", "DELETE", item, actor="learner")
    yield ask(DELETE_CREDENTIAL, "a DELETE", "DELETE", item)
    yield ask(DELETE_CREDENTIAL, "a second DELETE", "DELETE", item)
    yield ask(RETRIEVE_CREDENTIAL, "what was deleted", "GET", item, saves="read")
    yield ask(UPDATE_CREDENTIAL, "a change of what was deleted", "PUT", item, body={})
    unknown = {"operation": DELETE_CREDENTIAL, "path": "{collection}{unknown}"}
    yield ask(what="a DELETE of an unknown id", method="DELETE", **unknown)
    if CREATE_ISSUER not in missing:
        issuers = "{collection}issuers/"
        yield ask(CREATE_ISSUER, "a create of an issuer", "POST", issuers,
                  body={"name": "{new_name}"}, saves="created_issuer")  # fmt: skip
        yield ask(CREATE_ISSUER, "an issuer without a name", "POST", issuers, body={},
                  saves="refused")  # fmt: skip
