"""Puts other people in the place of those in a world, and removes every key, cookie and token.

The substitution follows from a seed: the same person is the same other person everywhere, in every
capture with that seed, so that references still fit and two captures can be compared.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from faker import Faker

Record = dict[str, Any]
REMOVED = "[removed]"
SHORTEST_SECRET = 4
SHORTEST_NAME = 4
"""Characters of a name or username that is replaced inside of texts as well."""
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|passw|api[-_]?key|session|csrf|jwt|-(auth|key)\Z",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"X-Amz-|X-Goog-|Signature=|Key-Pair-Id=|[?&](?:sig|token|access_token)=", re.I
)


class Scrubber:
    """Replaces people by a stable substitution."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._faker = Faker("en_US")
        self._people: dict[str, str] = {}
        """What is replaced inside of texts, and by what."""

    def scrub(self, world: Mapping[str, Any]) -> dict[str, Any]:
        """Return a world with other people; ids, references and numbers stay."""
        scrubbed = {**world, "users": [self._scrub_user(user) for user in world["users"]]}
        scrubbed["issuers"] = [self._scrub_issuer(issuer) for issuer in world["issuers"]]
        scrubbed["credentials"] = [
            {
                **credential,
                "metadata": self._scrub_free_text(credential["metadata"]),
                **self._scrub_signatories(credential, "own_signatories"),
            }
            for credential in world["credentials"]
        ]
        scrubbed["assertions"] = [
            {
                **assertion,
                **{
                    name: self._scrub_free_text(assertion[name])
                    for name in ("metadata", "narrative", "revocationReason")
                },
            }
            for assertion in world["assertions"]
        ]
        texts = ("issuers", "credentials", "courses", "programs", "pathways", "images")
        replace = self._build_replacement()
        for name in texts:
            scrubbed[name] = [_map_texts(record, replace) for record in scrubbed[name]]
        return scrubbed

    def _scrub_user(self, user: Record) -> Record:
        number = self._hash("username", user["username"])
        is_made = user["username"] == f"user-{user['id']}" or user["username"] == "admin"
        username = user["username"] if is_made else f"user-{number[:10]}"
        name = self._name(user["name"] or username)
        if not user["username"].isalpha():  # a text may speak of a `learner` who is none
            self._remember(user["username"], username)
        self._remember(user["name"], name)
        return {**user, "username": username, "name": name if user["name"] else ""}

    def _scrub_issuer(self, issuer: Record) -> Record:
        return {**issuer, **self._scrub_signatories(issuer, "signatories")}

    def _scrub_signatories(self, record: Record, field: str) -> Record:
        if field not in record:
            return {}
        signatories = []
        for signatory in record[field]:
            if not isinstance(signatory, dict):
                return {}
            name = self._name(signatory["name"])
            self._remember(signatory["name"], name)
            number = int(self._hash("signature", signatory["name"]), 16) % 3 + 1
            signature = f"/__mock__/images/signature-{number}.svg" if signatory["signature"] else ""
            signatories.append({**signatory, "name": name, "signature": signature})
        return {field: signatories}

    def _scrub_free_text(self, value: Any) -> Any:
        """Return a value in which each text is another one; names of fields that are known stay."""
        if isinstance(value, dict):
            return {self._mail(name): self._scrub_free_text(field) for name, field in value.items()}
        if isinstance(value, list):
            return [self._scrub_free_text(item) for item in value]
        if isinstance(value, str) and value.strip():
            return f"text-{self._hash('text', value)[:8]}"
        return value

    def _mail(self, text: str) -> str:
        return _MAIL.sub(lambda found: self._replace_mail(found[0]), text)

    def _replace_mail(self, address: str) -> str:
        return f"user-{self._hash('email', address.lower())[:10]}@example.org"

    def _remember(self, text: str, other: str) -> None:
        if len(text) >= SHORTEST_NAME and text != other:
            self._people[text.casefold()] = other

    def _name(self, name: str) -> str:
        """Return another name, the same for the same one."""
        self._faker.seed_instance(int(self._hash("name", name), 16))
        return f"{self._faker.first_name()} {self._faker.last_name()}"

    def _hash(self, kind: str, text: str) -> str:
        return hashlib.sha256(f"{self._seed}:{kind}:{text}".encode()).hexdigest()

    def _build_replacement(self) -> Any:
        """Return what replaces people and addresses inside of a text."""
        longest_first = sorted(self._people, key=len, reverse=True)
        words = "|".join(map(re.escape, longest_first))
        pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) if words else None

        def replace(text: str) -> str:
            text = self._mail(text)
            if pattern is None:
                return text
            return pattern.sub(lambda found: self._people[found[0].casefold()], text)

        return replace


def remove_secrets(world: Mapping[str, Any], secrets: Iterable[str]) -> dict[str, Any]:
    """Return a world without secrets: known ones anywhere, and fields whose names say so."""
    forms = {form for secret in secrets for form in _list_forms(secret)}
    longest_first = sorted(forms, key=len, reverse=True)

    def clean(text: str) -> str:
        for form in longest_first:
            text = text.replace(form, REMOVED)
        return _strip_signature(text)

    cleaned = {
        name: [_map_texts(_drop_secret_fields(record), clean) for record in records]
        for name, records in world.items()
        if isinstance(records, list) and name != "api_keys"
    }
    return {**world, **cleaned}


def _list_forms(secret: str) -> Iterable[str]:
    if len(secret) < SHORTEST_SECRET:
        return
    yield secret
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode().rstrip("=")


def _strip_signature(text: str) -> str:
    """Return the address of a picture without what gives access to it."""
    if "?" not in text or not text.startswith(("http://", "https://")) or not _SIGNED.search(text):
        return text
    try:
        return urlsplit(text)._replace(query="").geturl()
    except ValueError:
        return text


def _drop_secret_fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: REMOVED
            if isinstance(field, str) and field and _SECRET_NAME.search(name)
            else _drop_secret_fields(field)
            for name, field in value.items()
        }
    if isinstance(value, list):
        return [_drop_secret_fields(item) for item in value]
    return value


def _map_texts(value: Any, change: Any) -> Any:
    """Return a value with each text changed, but ids and the contents of pictures."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {
            name: field if name in ("entityId", "content", "file") else _map_texts(field, change)
            for name, field in value.items()
        }
    if isinstance(value, list):
        return [_map_texts(item, change) for item in value]
    return value
