"""From readings to a world document: what was seen of each record, and what was not seen."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from mockserver.capture.reading import Reading
from mockserver.world.document import FORMAT
from mockserver.world.fields import ASSERTION_DEFAULTS, CREDENTIAL_DEFAULTS, IMAGE_FIELDS
from mockserver.world.values import PICTURES, list_pictures

LINKS = {"course": "courses", "program": "programs", "pathway": "pathways"}
Record = dict[str, Any]
WRONG_SHAPE = (AttributeError, KeyError, TypeError, ValueError)
"""What reading a record raises that is not as the API documents it."""
UNSEEN = (
    "keys, e-mail addresses and roles: each platform has one admin with a key of its own",
    "pictures that no record shows",
    "users who hold nothing that was read",
    "groups, departments, assignments, providers and mappings",
    "courses, programs and pathways that no credential is linked to",
)
"""What no capture can see, whatever it reads."""


class WorldBuilder:
    """Gathers readings; what was read last of a record counts."""

    def __init__(self, pictures: Mapping[str, str]) -> None:
        self._pictures = pictures
        """Contents of fetched pictures in Base64, by their address."""
        self._platforms: dict[str, str] = {}
        self._callers: dict[str, str] = {}
        self._users: dict[tuple[str, str], str] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._images: dict[tuple[str, int], Record] = {}
        self._names: dict[str, dict[tuple[str, str], str]] = {name: {} for name in LINKS.values()}
        self._issuers: dict[str, tuple[str, Record]] = {}
        self._credentials: dict[str, tuple[str, Record]] = {}
        self._assertions: dict[str, tuple[str, Record]] = {}
        self._issuer_images: dict[str, int] = {}
        self._listed: set[str] = set()
        self.notes: dict[str, int] = {}
        """What was left out, with the number of records."""

    def add(self, reading: Reading) -> None:
        """Add what one response shows."""
        known = {"credential": self._credentials, "issuer": self._issuers}
        if reading.gone:
            (known.get(reading.kind) or self._assertions).pop(reading.gone, None)
            return
        if reading.org:
            self._callers.setdefault(reading.org, reading.user)
        for record in reading.records:
            try:
                self._add_record(reading, record)
            except WRONG_SHAPE:
                self._note(f"records of another shape ({reading.kind})")

    def _add_record(self, reading: Reading, record: Record) -> None:
        if reading.kind == "credential":
            self._add_credential(reading.org, record, is_listed=reading.is_listed)
        elif reading.kind == "issuer":
            self._add_issuer(reading.org, record)
        elif reading.kind == "assertion":
            self._add_assertion(reading, record)
        elif reading.kind == "image":
            self._add_image(reading.org, record.get("id"), record.get("image"), record)

    def _add_issuer(self, org: str, record: Record) -> str:
        platform = org or str(record.get("org") or "")
        if record.get("org"):
            self._platforms.setdefault(platform, str(record["org"]))
        entity_id = str(record["entityId"])
        if not _has_signatories(record):
            self._note("issuers whose signatories have another shape")
            if entity_id in self._issuers:
                return platform
            record = {**record, "signatories": []}
        self._issuers[entity_id] = (platform, record)
        return platform

    def _add_credential(self, org: str, record: Record, *, is_listed: bool) -> None:
        issuer = record.get("issuerDetails")
        if not isinstance(issuer, dict) or "entityId" not in issuer or "createdAt" not in record:
            self._note("credentials without an issuer or a time of creation")
            return
        platform = self._add_issuer(org, issuer)
        entity_id = str(record["entityId"])
        self._credentials[entity_id] = (platform, record)
        if is_listed:
            self._listed.add(entity_id)
        for kind, plural in LINKS.items():
            for link in record.get(plural) or ():
                self._add_name(platform, kind, link)
        for shown, name in IMAGE_FIELDS.items():
            self._add_image(platform, record.get(name), record.get(shown), {})

    def _add_name(self, platform: str, kind: str, link: Any) -> None:
        if isinstance(link, dict) and link.get(f"{kind}_id"):
            key = platform, str(link[f"{kind}_id"])
            self._names[LINKS[kind]][key] = str(link.get("name") or "")

    def _add_assertion(self, reading: Reading, record: Record) -> None:
        credential, recipient = record.get("credentialDetails"), record.get("recipient")
        if not isinstance(credential, dict) or not isinstance(recipient, dict):
            self._note("assertions without a credential or a recipient")
            return
        details = credential if "entityId" in credential else {}
        known = self._credentials.get(str(details.get("entityId")))
        if known is None and details:
            self._add_credential(reading.org, details, is_listed=False)
            known = self._credentials.get(str(details["entityId"]))
        username = recipient.get("username")
        if known is None or not username:
            self._note("assertions without a credential or a recipient")
            return
        platform = known[0]
        self._users[platform, str(username)] = str(recipient.get("name") or "")
        if reading.is_own:
            is_number = reading.user.isascii() and reading.user.isdecimal()
            if is_number and len(reading.user) < 16:
                self._numbers[platform, str(username)] = int(reading.user)
            self._callers[platform] = str(username)
        for kind in ("course", "program"):
            self._add_name(platform, kind, record.get(kind))
        self._assertions[str(record["entityId"])] = (platform, record)

    def _add_image(self, platform: str, image_id: Any, address: Any, record: Record) -> None:
        """Keep a picture by its number, if it is one of a mock or was fetched."""
        if not isinstance(image_id, int) or not isinstance(address, str) or image_id < 1:
            return
        image: Record = {"id": image_id, "platform": platform, "name": record.get("name")}
        source = self._find_picture(address)
        if not source:
            return
        image |= source
        known = self._images.get((platform, image_id))
        if known is None or image["name"] is not None:
            self._images[platform, image_id] = image

    def _note(self, text: str) -> None:
        self.notes[text] = self.notes.get(text, 0) + 1

    def build(self) -> dict[str, Any]:
        """Return the world; platforms have the key that their issuers show."""
        keys = {path: self._platforms.get(path, path) for path in self._find_platforms()}
        users = self._build_users(keys)
        images, numbers = self._build_images(keys)
        return {
            "format": FORMAT,
            "platforms": [
                {"key": key, "name": key, "org": path if path != key else None}
                for path, key in keys.items()
            ],
            "users": list(users.values()),
            "api_keys": self._build_keys(keys, users),
            "images": images,
            **{
                plural: [
                    {"platform": keys[platform], f"{kind}_id": entity_id, "name": name}
                    for (platform, entity_id), name in self._names[plural].items()
                ]
                for kind, plural in LINKS.items()
            },
            "issuers": self._build_each(
                "issuer",
                self._issuers,
                lambda platform, record: self._build_issuer(keys[platform], record),
            ),
            "credentials": _oldest_first(
                self._build_each(
                    "credential",
                    self._credentials,
                    lambda platform, record: self._build_credential(
                        platform, keys[platform], record, numbers
                    ),
                )
            ),
            "assertions": _oldest_first(
                self._build_each(
                    "assertion",
                    self._assertions,
                    lambda platform, record: _build_assertion(
                        users[platform, str(record["recipient"]["username"])], record
                    ),
                )
            ),
        }

    def _build_each(
        self,
        kind: str,
        known: Mapping[str, tuple[str, Record]],
        build: Callable[[str, Record], Record],
    ) -> list[Record]:
        """Return the records of one kind; one of another shape is left out, and counted."""
        made = []
        for platform, record in known.values():
            try:
                made.append(build(platform, record))
            except WRONG_SHAPE:
                self._note(f"records of another shape ({kind})")
        return made

    def _find_platforms(self) -> list[str]:
        records = (*self._issuers.values(), *self._credentials.values())
        return list(dict.fromkeys([*self._callers, *(platform for platform, _ in records)]))

    def _build_users(self, keys: Mapping[str, str]) -> dict[tuple[str, str], Record]:
        """Return the users by platform and username; the one in the path is an admin."""
        names = dict(self._users)
        numbers = dict(self._numbers)
        for platform, caller in self._callers.items():
            if caller.isascii() and caller.isdecimal() and len(caller) < 16:
                number, caller = int(caller), f"user-{caller}"
                self._callers[platform] = caller
                numbers[platform, caller] = number
            names.setdefault((platform, caller), "")
        for platform in keys:
            if platform not in self._callers:
                self._callers[platform] = "admin"
                names.setdefault((platform, "admin"), "")
        taken, next_number = set(numbers.values()), 1
        users: dict[tuple[str, str], Record] = {}
        used: set[int] = set()
        for (platform, username), name in names.items():
            number = numbers.get((platform, username), 0)
            while number < 1 or number in used:
                number = next_number if next_number not in taken else 0
                next_number += 1
            used.add(number)
            is_admin = self._callers.get(platform) == username
            users[platform, username] = {
                "id": number,
                "username": username,
                "name": name,
                "email": "",
                "platform": keys[platform],
                "role": "platform-admin" if is_admin else "learner",
                "active": True,
            }
        return users

    def _build_keys(
        self, keys: Mapping[str, str], users: Mapping[tuple[str, str], Record]
    ) -> list[Record]:
        return [
            {
                "key": f"{keys[platform]}-captured-key",
                "user_id": users[platform, caller]["id"],
                "active": True,
            }
            for platform, caller in self._callers.items()
        ]

    def _build_images(
        self, keys: Mapping[str, str]
    ) -> tuple[list[Record], dict[tuple[str, int], int]]:
        """Return the images, and the number of each; two platforms may share a number."""
        images, numbers, used = [], {}, set()
        for (platform, image_id), image in self._images.items():
            number = image_id
            while number in used:
                number += 1
            used.add(number)
            numbers[platform, image_id] = number
            images.append({**image, "id": number, "platform": keys[platform]})
        for entity_id, (platform, record) in self._issuers.items():
            source = self._find_picture(record.get("iconImage"))
            if source:
                number = max(used, default=0) + 1
                used.add(number)
                self._issuer_images[entity_id] = number
                images.append({"id": number, "platform": keys[platform], "name": None, **source})
        return images, numbers

    def _find_picture(self, address: Any) -> Record:
        """Return where the content of a picture is, for an image of the world; empty if nowhere."""
        if not isinstance(address, str):
            return {}
        file = find_own_picture(address)
        if file:
            return {"file": file}
        return {"content": self._pictures[address]} if address in self._pictures else {}

    def _build_issuer(self, platform: str, record: Record) -> Record:
        image_id = self._issuer_images.get(str(record["entityId"]))
        return {
            "entityId": record["entityId"],
            "platform": platform,
            "name": record.get("name") or "(no name)",
            "url": record.get("url") or "",
            "email": None,
            "iconImage": record.get("iconImage") if image_id is None else None,
            "icon_image_id": image_id,
            "allowed_template_tags": record.get("allowed_template_tags"),
            "signatories": [_build_signatory(one) for one in record.get("signatories") or ()],
        }

    def _build_credential(
        self, platform: str, key: str, record: Record, numbers: Mapping[tuple[str, int], int]
    ) -> Record:
        issuer = record["issuerDetails"]
        entity_id = str(record["entityId"])
        fields = {name: record.get(name, value) for name, value in CREDENTIAL_DEFAULTS.items()}
        for shown, name in IMAGE_FIELDS.items():
            number = numbers.get((platform, record.get(name) or 0))
            if fields[name] is not None and number is None:
                self._note("pictures by number: add --images to fetch them")
            fields[name] = number
            fields[shown] = None if number else fields[shown]
        for kind, plural in LINKS.items():
            links = [link for link in fields[plural] or () if isinstance(link, dict)]
            fields[plural] = [str(link[f"{kind}_id"]) for link in links if f"{kind}_id" in link]
        period = fields["expires"] if isinstance(fields["expires"], dict) else {}
        fields["expires"] = {name: period.get(name) for name in ("amount", "duration")}
        fields["catalog_items"] = list(fields["catalog_items"] or ())
        # A list shows public credentials only; a recording may have no list at all.
        is_public = entity_id in self._listed or not self._listed
        return {
            "entityId": entity_id,
            "platform": key,
            "issuer": str(issuer["entityId"]),
            "public": is_public,
            "createdAt": record["createdAt"],
            "name": record.get("name") or "(no name)",
            "credentialType": record.get("credentialType") or "MICRO_CREDENTIAL",
            "signal": record.get("signal") or "COURSE_PASSED",
            **fields,
            **self._choose_signatories(str(issuer["entityId"]), record),
        }

    def _choose_signatories(self, issuer: str, record: Record) -> Record:
        """Return which of the issuer's signatories sign a credential, and its own."""
        shown = record.get("signatories")
        whole = self._issuers[issuer][1].get("signatories") or []
        if shown is None or shown == whole:
            return {}
        known = [one["entityId"] for one in whole]
        own = [_build_signatory(one) for one in shown if one["entityId"] not in known]
        chosen = [one["entityId"] for one in shown if one["entityId"] in known]
        return {
            **({} if chosen == known else {"signatories": chosen}),
            **({"own_signatories": own} if own else {}),
        }


def _has_signatories(record: Record) -> bool:
    """Tell whether the signatories of an issuer are what a world can hold."""
    signatories = record.get("signatories")
    return isinstance(signatories, list) and all(
        isinstance(one, dict) and all(isinstance(one.get(n), str) for n in ("entityId", "name"))
        for one in signatories
    )


def _build_signatory(record: Record) -> Record:
    return {
        "entityId": str(record["entityId"]),
        "name": record.get("name") or "(no name)",
        "title": record.get("title") or "",
        "signature": _place_signature(record.get("signature")),
    }


def _build_assertion(user: Record, record: Record) -> Record:
    fields = {name: record.get(name, value) for name, value in ASSERTION_DEFAULTS.items()}
    for kind in ("course", "program"):
        link = fields[kind]
        fields[kind] = link.get(f"{kind}_id") if isinstance(link, dict) else None
    fields |= {"pathway": None, "catalog_item": None}
    return {
        "entityId": record["entityId"],
        "credential": record["credentialDetails"]["entityId"],
        "recipient": user["id"],
        "issuedOn": record.get("issuedOn"),
        "expires": record.get("expires"),
        "revoked": bool(record.get("revoked")),
        **fields,
    }


def _oldest_first(records: Iterable[Record]) -> list[Record]:
    """Return records, listed from newest to oldest, in the order in which they were made."""
    return list(reversed(list(records)))


def find_own_picture(address: str) -> str:
    """Return the name of a picture that every mock has, if an address is one of a mock."""
    name = urlsplit(address).path.partition(PICTURES)[2]
    return name if name in list_pictures() else ""


def _place_signature(address: Any) -> str:
    """Return the address of a signature: of one that every mock has the one on this server."""
    if not isinstance(address, str):
        return ""
    name = find_own_picture(address)
    return f"{PICTURES}{name}" if name else address
