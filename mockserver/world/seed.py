"""Generated credentials and assertions: made from the contract's schemas, repeatable from a number.

Each schema node becomes a closure once; texts come from pools that Faker fills from the seed. Any
credential depends on the seed and its own index only, any assertion also on the world around it.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mockserver.contract.contract import Contract
from mockserver.errors import StartError
from mockserver.framework.times import format_time, parse_time
from mockserver.world.fields import IMAGE_FIELDS
from mockserver.world.periods import end_of
from mockserver.world.records import new_entity_id

Make = Callable[[random.Random], Any]

POOL = 400
"""How many distinct texts Faker makes of each kind."""
NULL_SHARE = 0.2
TIMES = (datetime(2022, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
"""Generated credentials are older than the curated ones, which stay on the first pages."""
LINKS = {"courses": "course_id", "programs": "program_id", "pathways": "pathway_id"}
YEAR = timedelta(days=365)
REVOKED_SHARE = 0.04
WEEKEND_SHARE = 0.2
"""The share of assertions on a weekend that stay there; the others are issued on the Monday."""
NOT_FROM_THE_SCHEMA = {"entityId", "createdAt", "issuerDetails", "signatories", "metadata"} | {
    "html_template",
    "css_template",
}


class Maker:
    """Makes values of the contract's schemas, with texts from pools."""

    def __init__(self, contract: Contract, seed: int) -> None:
        from faker import Faker

        self.schemas = contract.document["components"]["schemas"]
        self._faker = Faker("en_US", use_weighting=False)
        self._faker.seed_instance(seed)
        self._pools: dict[str, list[str]] = {}

    def _pool(self, provider: str) -> list[str]:
        if provider not in self._pools:
            make = getattr(self._faker, provider, None)
            if make is None:
                raise StartError(f"x-faker: Faker has no provider {provider!r}")
            self._pools[provider] = [str(make()) for _ in range(POOL)]
        return self._pools[provider]

    def compile(self, schema: Mapping[str, Any]) -> Make:
        """Return a closure that makes values of a schema; raises StartError for one it cannot."""
        if "$ref" in schema:
            return self.compile(self.schemas[schema["$ref"].rpartition("/")[2]])
        make = self._compile_value(schema)
        if "null" in schema.get("type", ()):
            return lambda source: None if source.random() < NULL_SHARE else make(source)
        return make

    def _compile_value(self, schema: Mapping[str, Any]) -> Make:
        values = schema.get("enum") or schema.get("examples")
        if values:
            return lambda source: values[int(source.random() * len(values))]
        if "x-faker" in schema:
            pool, longest = self._pool(schema["x-faker"]), schema.get("maxLength")
            return lambda source: pool[int(source.random() * len(pool))][:longest]
        if "properties" in schema:
            members = [(k, self.compile(v)) for k, v in schema["properties"].items()]
            return lambda source: {name: make(source) for name, make in members}
        if "items" in schema:
            item = self.compile(schema["items"])
            return lambda source: [item(source) for _ in range(int(source.random() * 4))]
        raise StartError(f"x-faker is missing: {dict(schema)}")


class Generator:
    """Makes world records for one platform; `generator[i]` is the i-th, always the same."""

    def __init__(self, document: Mapping[str, Any], contract: Contract, seed: int, platform: str):
        self._seed = seed
        self._platform = platform
        self._issuers = self._ids(document, "issuers", "entityId")
        if not self._issuers:
            raise StartError(f"platform {platform!r} has no issuer to generate credentials for")
        self._images = self._ids(document, "images", "id")
        self._links = {name: self._ids(document, name, key) for name, key in LINKS.items()}
        maker = Maker(contract, seed)
        properties = maker.schemas["Credential"]["properties"]
        self._fields = {
            name: maker.compile(schema)
            for name, schema in properties.items()
            if name not in NOT_FROM_THE_SCHEMA | LINKS.keys()
            and name not in IMAGE_FIELDS
            and name not in IMAGE_FIELDS.values()
        }

    def _ids(self, document: Mapping[str, Any], collection: str, key: str) -> list[Any]:
        records = document.get(collection, ())
        return [record[key] for record in records if record["platform"] == self._platform]

    def __getitem__(self, index: int) -> dict[str, Any]:
        source = random.Random(f"{self._seed}:{self._platform}:{index}")
        start, end = TIMES
        created = start + timedelta(seconds=int(source.random() * (end - start).total_seconds()))
        record: dict[str, Any] = {
            "entityId": new_entity_id(source),
            "platform": self._platform,
            "issuer": source.choice(self._issuers),
            "public": source.random() < 0.95,
            "createdAt": format_time(created),
        }
        record.update({name: make(source) for name, make in self._fields.items()})
        record["name"] = f"{record['name']} {index + 1}"
        record["metadata"] = {"generated": index} if source.random() < 0.5 else None
        for id_field in IMAGE_FIELDS.values():
            chosen = self._images and source.random() > NULL_SHARE
            record[id_field] = source.choice(self._images) if chosen else None
        for name, ids in self._links.items():
            record[name] = source.sample(ids, min(len(ids), source.randrange(3)))
        return record


class AssertionGenerator:
    """Makes assertions of one platform's credentials over the year before its newest record.

    Their number grows towards the end, and few are issued on a weekend.
    """

    def __init__(self, document: Mapping[str, Any], contract: Contract, seed: int, platform: str):
        self._seed = seed
        self._platform = platform
        self._credentials = [c for c in document["credentials"] if c["platform"] == platform]
        self._users = [u["id"] for u in document["users"] if u["platform"] == platform]
        if not (self._credentials and self._users):
            raise StartError(
                f"platform {platform!r} has no credential or no user to generate assertions for"
            )
        ids = {credential["entityId"] for credential in self._credentials}
        moments = [credential["createdAt"] for credential in self._credentials]
        moments += [a["issuedOn"] for a in document["assertions"] if a["credential"] in ids]
        self._end = max(map(parse_time, moments)).replace(microsecond=0)
        maker = Maker(contract, seed)
        properties = maker.schemas["Assertion"]["properties"]
        self._narrative = maker.compile(properties["narrative"])
        self._acceptance = maker.compile(properties["acceptance"])
        self._reason = maker.compile({"type": "string", "x-faker": "sentence"})

    def __getitem__(self, index: int) -> dict[str, Any]:
        source = random.Random(f"{self._seed}:{self._platform}:assertion:{index}")
        credential = source.choice(self._credentials)
        issued_on = self._moment(source, parse_time(credential["createdAt"]))
        expires = end_of(issued_on, **_period(credential["expires"]))
        revoked = source.random() < REVOKED_SHARE
        return {
            "entityId": new_entity_id(source),
            "credential": credential["entityId"],
            "recipient": source.choice(self._users),
            "issuedOn": format_time(issued_on),
            "expires": None if expires is None else format_time(expires),
            "revoked": revoked,
            "revocationReason": self._reason(source) if revoked else None,
            "acceptance": self._acceptance(source),
            "narrative": self._narrative(source),
            "metadata": {"generated": index} if source.random() < 0.5 else None,
            "course": source.choice(credential["courses"]) if credential["courses"] else None,
            "program": None,
        }

    def _moment(self, source: random.Random, created: datetime) -> datetime:
        """Return when something was issued: not before it was made, and within the year."""
        start = max(self._end - YEAR, created.replace(microsecond=0))
        span = (self._end - start).total_seconds()
        moment = start + timedelta(seconds=int(span * source.random() ** 0.6))
        if moment.weekday() > 4 and source.random() > WEEKEND_SHARE:
            moment = min(moment + timedelta(days=7 - moment.weekday()), self._end)
        return moment


def _period(expires: Mapping[str, Any]) -> dict[str, Any]:
    return {"amount": expires["amount"], "unit": expires["duration"]}


def generate(
    document: Mapping[str, Any], contract: Contract, seed: int, count: int
) -> Iterator[dict[str, Any]]:
    """Yield `count` credential records for the first platform of a world."""
    platform = document["platforms"][0]["key"]
    generator = Generator(document, contract, seed, platform)
    return (generator[index] for index in range(count))


def generate_assertions(
    document: Mapping[str, Any], contract: Contract, seed: int, count: int
) -> Iterator[dict[str, Any]]:
    """Yield `count` assertion records of the credentials on the first platform of a world."""
    platform = document["platforms"][0]["key"]
    generator = AssertionGenerator(document, contract, seed, platform) if count else ()
    return (generator[index] for index in range(count))


def grow(
    document: Mapping[str, Any],
    contract: Contract,
    seed: int,
    credentials: int,
    assertions: int = 0,
) -> dict[str, Any]:
    """Return the world with so many generated records beside its own, in front of them."""
    generated = list(generate(document, contract, seed, credentials))
    grown = {**document, "credentials": [*generated, *document["credentials"]]}
    issued = list(generate_assertions(grown, contract, seed, assertions))
    return {**grown, "assertions": [*issued, *document.get("assertions", ())]}
