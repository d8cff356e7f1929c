"""The requests of the differential test about issuers, their signatories, and assertions."""

import itertools
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

from tests.differential.asked import (
    ADMIN,
    FOREIGN,
    FOREIGN_ISSUER,
    FORM,
    HELD,
    ISSUER,
    MULTIPART,
    ODD_VALUES,
    PRIVATE,
    Asked,
    json_body,
    multipart,
)
from tests.support.world import DOCUMENT, listed

ASSERTIONS = DOCUMENT["assertions"]
OF_LEARNER = next(a["entityId"] for a in ASSERTIONS if a["recipient"] == 2 and not a["revoked"])
OF_ANOTHER = next(a["entityId"] for a in ASSERTIONS if a["recipient"] == 4 and not a["revoked"])
REVOKED = next(a["entityId"] for a in ASSERTIONS if a["recipient"] == 1 and a["revoked"])
OF_ACME = next(a["entityId"] for a in ASSERTIONS if a["recipient"] == 12)
_HELD = {a["credential"] for a in ASSERTIONS}
_FREE = next(
    c
    for c in listed()
    if c["entityId"] not in _HELD and c["courses"] and c["programs"] and c["pathways"]
)
FREE = _FREE["entityId"]
COURSE, PROGRAM, PATHWAY = (_FREE[name][0] for name in ("courses", "programs", "pathways"))
USERS = "/api/credentials/orgs/main/users/"
PUBLIC = "/api/credentials/public/assertions/"
ELSEWHERE = next(p["pathway_id"] for p in DOCUMENT["pathways"] if p["pathway_id"] != PATHWAY)
PERSON = {"name": "Ines", "title": "Dean", "signature": "https://example.com/i.png"}
TO_LEARNER: dict[str, Any] = {"recipient": {"identity": "learner"}}
WITH_COURSE = {**TO_LEARNER, "course": COURSE}
KEYS = ("main-admin-key", "main-department-admin-key", "main-learner-key", "acme-admin-key")
KEYS = (*KEYS, "retired-key", "nothing")
NUMBERS = ("", "0", "1", "2", "3", "-1", "x", "1.0", "%201", "+2", "1e1", "9" * 30, "last", "1_0")
WORDS = ("true", "True", "1", "0", "yes", "off", "", "x", "null", "2", "t", "%00", "TRUE")


def form(method: str, path: str, *fields: tuple[str, str]) -> Asked:
    """Return a request with an urlencoded form."""
    headers = {**ADMIN, "Content-Type": FORM}
    return Asked(method, path, headers, urlencode(fields).encode())


def parts(method: str, path: str, *fields: tuple[str, str]) -> Asked:
    """Return a request with a multipart form."""
    body = multipart(*((f'name="{name}"', value) for name, value in fields))
    return Asked(method, path, {**ADMIN, "Content-Type": MULTIPART}, body)


def issuer_windows() -> Iterator[Asked]:
    """Yield issuers by limit and offset, alone, together, and beside a page."""
    for limit, offset in itertools.product(NUMBERS, ("", "0", "1", "4", "99", "-1", "x")):
        yield Asked("GET", f"issuers/?limit={limit}&offset={offset}")
    for number in NUMBERS:
        yield Asked("GET", f"issuers/?limit={number}")
        yield Asked("GET", f"issuers/?offset={number}&q=e")
        yield Asked("GET", f"issuers/?page={number}&limit=2&offset=1")
        yield Asked("GET", f"issuers/?page_size={number}&offset=1")


def issuer_changes() -> Iterator[Asked]:
    """Yield changes and deletions of issuers, good and bad, by id and by key."""
    names = ("name", "iconImage", "email", "url", "allowed_template_tags")
    item = f"issuers/{ISSUER}"
    for name, value in itertools.product(names, ODD_VALUES):
        yield json_body("PUT", item, {name: value})
    for body in ([], "x", None, 5, {}, {"entityId": "x", "org": "acme"}, {"name": "By id"}):
        yield json_body("PUT", item, body)
        yield json_body("PUT", "issuers/main", body)
    for path in (
        "issuers/nothing",
        f"issuers/{FOREIGN_ISSUER}",
        "issuers/acme",
        item,
        "issuers/x/",
    ):
        yield json_body("PUT", path, {"name": ""})
        yield json_body("PUT", path, {"url": "https://example.com/"})
        yield Asked("GET", path)
    for path in (
        "issuers/nothing",
        f"issuers/{FOREIGN_ISSUER}",
        "issuers/acme",
        item,
        "issuers/main",
    ):
        yield Asked("DELETE", path)
    for kind in (form, parts):
        yield kind("PUT", item, ("name", "By form"))
        yield kind("PUT", item, ("allowed_template_tags", "a"), ("allowed_template_tags", "b"))
        yield kind("PUT", item, ("url", ""), ("email", ""))
        yield kind("PUT", item, ("name", ""))
    yield Asked("PUT", item, {**ADMIN, "Content-Type": "text/csv"}, b"a,b")
    yield Asked("PUT", "issuers/nothing", {**ADMIN, "Content-Type": "text/csv"}, b"a,b")
    yield Asked("GET", "")


def signatories() -> Iterator[Asked]:
    """Yield signatories of credentials, issuers and platforms, and what they joined."""
    path = "issuers/authority/"
    fields = ("name", "title", "signature", "org", "entityId", "credential")
    for name, value in itertools.product(fields, ODD_VALUES):
        yield json_body("POST", path, {**PERSON, name: value})
    for joined in (
        {},
        {"org": "main"},
        {"org": "acme"},
        {"org": None, "entityId": None, "credential": None},
        {"entityId": ISSUER},
        {"entityId": FOREIGN_ISSUER},
        {"credential": FREE},
        {"credential": PRIVATE},
        {"credential": FOREIGN},
        {"credential": FREE, "entityId": ISSUER, "org": "main"},
        {"entityId": ISSUER, "org": "main"},
    ):
        yield json_body("POST", path, {**PERSON, **joined})
    for body in (
        [],
        {},
        None,
        {"name": "n"},
        {**PERSON, "signature": "https://x.org/" + "x" * 200},
    ):
        yield json_body("POST", path, body)
    for kind in (form, parts):
        yield kind("POST", path, *PERSON.items())
        yield kind("POST", path, *PERSON.items(), ("entityId", ISSUER), ("org", ""))
        yield kind("POST", path, *PERSON.items(), ("credential", FREE))
        yield kind("POST", path, ("name", ""), ("title", " "))
    for place in (
        path,
        "issuers/authority",
        "issuers/main",
        f"issuers/{ISSUER}",
        FREE,
        PRIVATE,
        "",
    ):
        for method in ("GET", "OPTIONS", "HEAD", "DELETE", "PATCH"):
            if method != "DELETE" or place == path:
                yield Asked(method, place)
    yield Asked("GET", path, {"Authorization": "main-learner-key"})
    yield Asked("PUT", path, {"Authorization": "main-learner-key"})


def lists_of_assertions() -> Iterator[Asked]:
    """Yield a user's lists with every parameter, and lists of credentials."""
    for user in ("1", "2", "learner", "ADMIN", "3", "12", "999", "%00", "4"):
        yield Asked("GET", f"{USERS}{user}/assertions/?page_size=1000")
        yield Asked("GET", f"{USERS}{user}/assertions")
    learner = f"{USERS}2/assertions/"
    for name in ("include_revoked", "include_expired", "exclude_main_tenant_assertions"):
        for word in WORDS:
            yield Asked("GET", f"{learner}?{name}={word}&page_size=100")
    for number in NUMBERS:
        yield Asked("GET", f"{learner}?page={number}&include_expired=1")
        yield Asked("GET", f"{learner}?page_size={number}")
        yield Asked("GET", f"{learner}?page=2&page_size={number}&x=%C3%A9&a=")
        yield Asked("GET", f"{HELD}/assertions/?page={number}&page_size=2")
        yield Asked("GET", f"{HELD}/assertions/?page_size={number}")
    for course in (COURSE, COURSE.upper(), "nothing", "", " ", "\x00", "é", "x" * 1000):
        yield Asked("GET", f"{learner}?course={quote(course, safe='')}&include_revoked=yes")
        yield Asked("GET", f"{HELD}/assertions/?course={quote(course, safe='')}")
    for query in ("page_size=1001", "page_size=1000", "page=x&page_size=x&include_revoked=x",
                  "page=3&page=1", "include_revoked=1&include_expired=1&page_size=500", "page=99",
                  "platform_org=acme", "platform_org=nothing", "format=xml", "search=x"):  # fmt: skip
        yield Asked("GET", f"{learner}?{query}")
        yield Asked("GET", f"{HELD}/assertions/?{query}")
    acme = {"Authorization": "acme-admin-key"}
    for query in ("", "?exclude_main_tenant_assertions=true", "?include_revoked=true"):
        yield Asked("GET", f"/api/credentials/orgs/acme/users/12/assertions/{query}", acme)
    for path in (FREE, PRIVATE, FOREIGN, "nothing", "issuers", "assertions", "%00"):
        yield Asked("GET", f"{path}/assertions/")
        yield Asked("GET", f"{path}/assertions")
        yield Asked("GET", f"{path}/assertions/bulk/")
        yield Asked("GET", f"{path}/assertions/bulk")


def items_of_assertions() -> Iterator[Asked]:
    """Yield assertions one by one, with a key and in public."""
    for name in (
        OF_LEARNER,
        OF_ANOTHER,
        REVOKED,
        OF_ACME,
        "nothing",
        "%00",
        OF_LEARNER + "/",
        "bulk",
    ):
        for path in ("assertions/", f"{USERS}2/assertions/", f"{USERS}12/assertions/"):
            yield Asked("GET", path + name)
        for headers in (ADMIN, {}, {"Authorization": "retired-key"}, {"Authorization": "x y z"}):
            yield Asked("GET", f"{PUBLIC}{name}/", headers)
        yield Asked("GET", PUBLIC + name, {})
    for method in ("POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
        for name in (OF_LEARNER, REVOKED, "nothing"):
            yield Asked(method, f"{PUBLIC}{name}/", {})
    for accept in ("text/html", "*/*", "", "application/json; indent=2"):
        yield Asked("GET", f"{PUBLIC}{OF_LEARNER}/", {"Accept": accept})
        yield Asked("GET", f"{PUBLIC}nothing/", {"Accept": accept})
        yield Asked("GET", f"{PUBLIC}{REVOKED}/", {"Accept": accept})
    yield Asked("GET", f"{PUBLIC}{OF_LEARNER}/?format=xml", {})
    yield Asked("GET", PUBLIC, {})
    yield Asked("GET", "/api/credentials/public/", {})


def issues() -> Iterator[Asked]:
    """Yield what issues a credential, to one and to several, and then the lists that show it."""
    one, many = f"{FREE}/assertions/", f"{FREE}/assertions/bulk/"
    fields = ("recipient", "course", "catalog_item", "program", "program_id", "pathway", "metadata")
    for name, value in itertools.product(fields, ODD_VALUES):
        yield json_body("POST", one, {**WITH_COURSE, name: value})
    for value in ODD_VALUES:
        yield json_body("POST", many, {"users": value, "course": COURSE})
        yield json_body("POST", one, {"recipient": {"identity": value}, "course": COURSE})
        recipient = {"identity": "learner", "email": value}
        yield json_body("POST", one, {"recipient": recipient, "course": COURSE})
    origins: list[dict[str, Any]] = [
        {"course": COURSE},
        {"program": PROGRAM},
        {"program_id": PROGRAM},
        {"pathway": PATHWAY},
        {"pathway_id": PATHWAY},
        {"catalog_item": "item-7"},
        {"course": COURSE, "program": None},
        {"course": COURSE, "program": PROGRAM},
        {"catalog_item": "x", "pathway_id": PATHWAY, "course": None},
        {"program": PROGRAM, "program_id": PROGRAM},
        {"program": None, "program_id": PROGRAM},
        {"pathway": PATHWAY, "pathway_id": None, "program": None, "program_id": PROGRAM},
        {"course": "nothing", "program": "nothing"},
        {"pathway": ELSEWHERE},
        {"metadata": {"a": [1, None]}, "unknown": 1, "revoked": True},
        {"metadata": {"a": [1, None]}, "unknown": 1, "revoked": True, "course": COURSE},
    ]
    for origin in origins:
        yield json_body("POST", one, {**TO_LEARNER, **origin})
        yield json_body("POST", many, {"users": ["yuki.tanabe"], **origin})
    for users in (["learner"], ["learner", "ines.krol"], ["ines.krol", "zoe.martin"], [],
                  ["acme-learner"], ["learner", "nobody"], ["admin", "admin"], ["LEARNER"]):  # fmt: skip
        yield json_body("POST", many, {"users": users, "program": PROGRAM})
    for path in (PRIVATE, FOREIGN, "nothing"):
        yield json_body("POST", f"{path}/assertions/", TO_LEARNER)
        yield json_body("POST", f"{path}/assertions/bulk/", {"users": ["learner"]})
        yield json_body("POST", f"{path}/assertions/", {})
    for body in ([], {}, None, "x", {"recipient": None}):
        yield json_body("POST", one, body)
        yield json_body("POST", many, body)
    for kind in (form, parts):
        yield kind("POST", one, ("recipient", '{"identity": "learner"}'))
        yield kind("POST", one, ("recipient", '{"identity": "learner"}'), ("course", COURSE))
        yield kind("POST", one, ("recipient.identity", "learner"), ("course", COURSE))
        yield kind(
            "POST", one, ("recipient.identity", "learner"), ("course", ""), ("metadata", "[1]")
        )
        yield kind("POST", one, ("recipient", "learner"))
        yield kind("POST", one, ("course", COURSE))
        yield kind("POST", many, ("users", "learner"), ("users", "mateo.quiroga"))
        yield kind(
            "POST", many, ("users", "learner"), ("users", "mateo.quiroga"), ("course", COURSE)
        )
        yield kind("POST", many, ("users", '["learner", "seun.adeyinka"]'), ("program_id", PROGRAM))
        yield kind("POST", many, ("course", COURSE))
        yield kind("POST", many, ("users", ""))
    yield Asked("POST", one, {**ADMIN, "Content-Type": "text/csv"}, b"a")
    yield Asked("POST", "nothing/assertions/", {**ADMIN, "Content-Type": "text/csv"}, b"a")
    yield Asked("GET", f"{one}?page_size=1000")
    yield Asked("GET", f"{USERS}2/assertions/?page_size=1000&include_expired=1")
    yield Asked("DELETE", FREE)


def revocations() -> Iterator[Asked]:
    """Yield changes of assertions, with and without a reason, and what they leave."""
    for item in (f"assertions/{OF_LEARNER}", f"assertions/{REVOKED}"):
        for name, value in itertools.product(("revoked", "revocationReason"), ODD_VALUES):
            yield json_body("PUT", item, {name: value})
        for body in (
            {},
            {"revoked": True},
            {"revoked": True, "revocationReason": ""},
            {"revoked": True, "revocationReason": None},
            {"revoked": True, "revocationReason": " trimmed "},
            {"revoked": True},
            {"revocationReason": "another"},
            {"revocationReason": ""},
            {"acceptance": "Rejected", "narrative": "x", "expires": None},
            {"revoked": False, "revocationReason": "x"},
            {"revoked": "yes", "revocationReason": 5},
            {"revoked": False},
            {"revocationReason": "without"},
            [],
            None,
        ):
            yield json_body("PUT", item, body)
            yield Asked("GET", item)
            yield Asked("GET", f"{PUBLIC}{item.removeprefix('assertions/')}/", {})
        for kind in (form, parts):
            yield kind("PUT", item, ("revoked", "true"))
            yield kind("PUT", item, ("revoked", "on"), ("revocationReason", "By form"))
            yield kind("PUT", item, ("revocationReason", ""))
            yield kind("PUT", item, ("revoked", "false"))
            yield kind("PUT", item, ("revoked", ""))
    for item in ("nothing", OF_ACME):
        yield json_body("PUT", f"assertions/{item}", {"revoked": True})
        yield json_body("PUT", f"assertions/{item}", {"revoked": False})


def callers_of_assertions() -> Iterator[Asked]:
    """Yield each new operation by everybody, with and without a key."""
    places = [("GET", f"{USERS}{user}/assertions/") for user in ("1", "2", "learner", "4", "999")]
    places += [("GET", f"assertions/{each}") for each in (OF_LEARNER, OF_ANOTHER, OF_ACME, "x")]
    places += [("GET", f"{each}/assertions/") for each in (HELD, PRIVATE, FREE, FOREIGN, "x")]
    places += [("PUT", f"assertions/{OF_ANOTHER}"), ("PUT", "assertions/x")]
    places += [("POST", f"{PRIVATE}/assertions/"), ("POST", f"{PRIVATE}/assertions/bulk/")]
    places += [("PUT", f"issuers/{ISSUER}"), ("DELETE", f"issuers/{ISSUER}")]
    places += [("DELETE", "issuers/x"), ("POST", "issuers/authority/")]
    for method, path in places:
        for key in KEYS:
            yield Asked(method, path, {"Authorization": f"Api-Key {key}"})
        yield Asked(method, path, {})
    for path in (f"assertions/{OF_LEARNER}", f"{HELD}/assertions/", f"{HELD}/assertions/bulk/",
                 "assertions/", f"issuers/{ISSUER}", "issuers/authority/"):  # fmt: skip
        for method in ("PATCH", "OPTIONS", "HEAD", "TRACE", "DELETE", "GET", "PUT", "POST"):
            if (method, path) == ("DELETE", f"issuers/{ISSUER}"):
                continue  # asked for above
            for headers in (ADMIN, {"Authorization": "main-learner-key"}, {}):
                yield Asked(method, path, headers)


READS = {
    each.__name__: list(each())
    for each in (issuer_windows, lists_of_assertions, items_of_assertions, callers_of_assertions)
}
"""Asked first, while the order of issuers of one name does not depend on generated ids."""
WRITES = {
    each.__name__: list(each()) for each in (signatories, issues, revocations, issuer_changes)
}
