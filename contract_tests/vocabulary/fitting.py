"""Fits a generated case to a deployment: a path that exists, a real issuer, the mark of the run."""

import json
import unicodedata
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case

from contract_tests.catalogue.operations import CREATE_CREDENTIAL, CREATE_ISSUER, ISSUING
from contract_tests.engine.contract import JSON, Operation, load_contract
from contract_tests.engine.creations import is_private
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.forms import FORM

PLATFORM = "platform_org"
URL = "https://example.com/0"
URLS = ("https://example.com/a.png", "http://example.org:8080/b?c=d#e", "https://例え.jp/é")
"""Texts of the format `url`, which schemathesis does not know."""
FILLERS = ("0", "", URL, "COURSE_PASSED")
"""What a field contains that is not varied."""
LONGEST_NAME = 1000
"""Characters of a name, with the mark, that the contract allows."""
DEEPEST = 8
"""Levels of a body that every target gets."""
GREATEST = 2**53
"""The greatest number in a body that every target gets: no JSON reader rounds it."""


def add_formats() -> None:
    """Let schemathesis generate the formats of the contract that it does not know."""
    schemathesis.openapi.format("url", st.sampled_from(URLS))


def fit_case(case: Case[Any], deployment: Deployment, operation: Operation, entity_id: str) -> None:
    """Change what would make a case fail for another reason than the one it was made for."""
    case.headers.clear()
    case.cookies = {}
    case.path_parameters = {**case.path_parameters, "entity_id": entity_id}
    fit_place(case, deployment)
    case.query = {
        str(name): to_text(value).replace("\0", "")  # other rules are about NUL
        for name, value in (case.query or {}).items()
        if isinstance(value, str | int | float | bool)
    }
    fit_body(case, deployment, operation)


def fit_place(case: Case[Any], deployment: Deployment) -> None:
    """Let a case name the platform and the user of the run."""
    settings = deployment.settings
    places = {**case.path_parameters, "org": settings.org, "user_id": settings.user_id}
    case.path_parameters = {
        name: value for name, value in places.items() if f"{{{name}}}" in case.path
    }
    case.query = {name: value for name, value in (case.query or {}).items() if name != PLATFORM}


def fit_body(case: Case[Any], deployment: Deployment, operation: Operation) -> None:
    """Let the body of a case name an issuer and a user that exist, and carry the run's mark."""
    if operation.is_read or case.media_type is None:
        return
    body: Any = case.body if deployment.settings.disposable else make_harmless(case.body)
    if case.media_type == JSON:
        case.body = fit_json(body, deployment, operation)
    else:
        # A multipart body is sent as the other form: the guard reads it, and STATE-07 compares both
        case.media_type = FORM
        form: Any = fit_form(body, deployment, operation)
        case.body = form


def fit_form(value: Any, deployment: Deployment, operation: Operation) -> dict[str, str]:
    """Return a generated body as the fields of a form, with a real issuer and the run's mark."""
    pairs = {"name": deployment.make_name(), "issuer": deployment.issuer}
    if operation.id in ISSUING:
        pairs |= {"users": deployment.settings.username, "recipient": "{}"}
    form = value if isinstance(value, dict) else {}
    pairs |= {to_text(name): to_text(text) for name, text in form.items() if name not in pairs}
    if is_private(pairs) and not may_be_private(deployment, operation):
        del pairs["public"]
    return pairs


def fit_json(value: Any, deployment: Deployment, operation: Operation) -> Any:
    """Return a generated body with a real issuer and user, and the mark of the run."""
    if isinstance(value, dict):
        value = replace_fillers(add_mark(deployment, value))
        if is_private(value) and not may_be_private(deployment, operation):
            del value["public"]
        if operation.id != CREATE_ISSUER and isinstance(value.get("issuer"), str):
            value["issuer"] = deployment.issuer
        if isinstance(value.get("recipient"), dict) and "identity" in value["recipient"]:
            value["recipient"] = {**value["recipient"], "identity": deployment.settings.username}
        if value.get("users") and isinstance(value["users"], list):
            value["users"] = [deployment.settings.username]
    return value if isinstance(value, dict | list | str | int | float | bool | None) else {}


def may_be_private(deployment: Deployment, operation: Operation) -> bool:
    """Tell whether a request may make a credential private, so that no list shows it.

    A new one is not: if its response was lost, the run could not find and delete it.
    """
    return deployment.settings.disposable and operation.id != CREATE_CREDENTIAL


def replace_fillers(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields without what schemathesis fills those with that it does not vary.

    Its coverage phase ignores the format of a field that may be null, knows no images, and fills
    both spellings of a field: such a body is refused whatever the field that is varied contains.
    """
    properties = load_contract().document["components"]["schemas"]["CredentialFields"]["properties"]
    fitted = dict(fields)
    for name in fields.keys() & properties.keys():
        schema = properties[name]
        if schema.get("format") == "url" and fields[name] == "0":
            fitted[name] = URL
        elif schema.get("x-reference", {}).get("to") == "images" and type(fields[name]) is int:
            fitted[name] = None
    for alias in fitted.keys() & properties.keys():
        other = properties[alias].get("x-alias-of")
        if other in fitted and fitted[other] != fitted[alias]:
            del fitted[alias if fitted[alias] in FILLERS else other]
    return fitted


def add_mark(deployment: Deployment, fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields whose name, or else whose description, contains the mark of the run.

    A number is accepted as a name (FACTS, "a character field takes a number"), so it gets the mark,
    too; what cannot be a name stays as it is.
    """
    name = fields.get("name")
    is_number = isinstance(name, int | float) and not isinstance(name, bool)
    if is_number or (isinstance(name, str) and name.strip()):
        text = str(name)
        room = LONGEST_NAME - len(deployment.make_name(""))
        return {
            **fields,
            "name": deployment.make_name(text[:room] if len(text) <= LONGEST_NAME else text),
        }
    if isinstance(fields.get("description"), str | None):
        return {**fields, "description": deployment.mark}
    return dict(fields)


def to_text(value: Any) -> str:
    """Return any generated value as the text of a form or query."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.encode("utf-8", "replace").decode()


def make_harmless(value: Any, level: int = 0) -> Any:
    """Return a body without control characters, half pairs, great numbers and deep nesting."""
    if isinstance(value, str):
        return "".join(character for character in value if not is_hidden(character))
    if isinstance(value, int | float):
        return value if abs(value) <= GREATEST else max(-GREATEST, min(GREATEST, value))
    if not isinstance(value, dict | list):
        return value
    if level >= DEEPEST:
        return None
    if isinstance(value, list):
        return [make_harmless(item, level + 1) for item in value]
    return {make_harmless(name): make_harmless(field, level + 1) for name, field in value.items()}


def is_hidden(character: str) -> bool:
    """Tell whether a character is half of a surrogate pair, or controls something but lines."""
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n\r"
