"""Requests that lose something without a word, each with the hints at it; and sound ones."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from mockserver.config import RELEASES
from mockserver.contract.compiler import load_contract
from tests.conftest import MAIN
from tests.support.world import DOCUMENT, listed

ID: str = listed()[0]["entityId"]
ISSUER: str = listed()[0]["issuer"]
ATTACHED = next(each for each in listed() if each["courses"])
COURSE: str = ATTACHED["courses"][0]
ISSUE = f"POST {MAIN}{ATTACHED['entityId']}/assertions/"
LATER = next(
    operation
    for operation in load_contract().operations.values()
    if operation.since != RELEASES[0] and "{" not in operation.path
)
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
ADMIN = "Api-Key main-admin-key"


def some(shown: list[str]) -> str:
    """Return the first five of what a hint lists, and how many more there are."""
    more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return ", ".join(shown[:5]) + more


def list_keys() -> str:
    """Return the active keys of the shipped world as a hint lists them, those of `main` first."""
    users = {user["id"]: user for user in DOCUMENT["users"]}
    keys = [key for key in DOCUMENT["api_keys"] if key.get("active", True)]
    keys.sort(key=lambda key: users[key["user_id"]]["platform"] != "main")
    owners = [users[key["user_id"]] for key in keys]
    pairs = zip(keys, owners, strict=True)
    return some([f"`{k['key']}` ({user['role']} of {user['platform']})" for k, user in pairs])


def list_users() -> str:
    """Return the users of `main` as a hint lists them."""
    users = [user for user in DOCUMENT["users"] if user["platform"] == "main"]
    return some([f"`{user['username']} ({user['id']})`" for user in users])


KEYS = f"; the keys of this world are {list_keys()}"
USERS = f"the users of platform `main` are {list_users()}"
SET_IT = "let the client set this header itself"
PART = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'


@dataclass
class Sent:
    """A request to a mock of release 3.59 without a prefix, and the hints at it."""

    method: str
    path: str
    hints: list[str] = field(default_factory=list)
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200

    def __str__(self) -> str:
        return f"{self.method} {self.path.removeprefix(MAIN)} {self.body[:40]!r} {self.hints[:1]}"


def get(path: str, *hints: str, status: int = 200, **headers: str) -> Sent:
    """Return a GET of a path below the collection, with hints."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Sent("GET", path if path[:1] == "/" else MAIN + path, [*hints], b"", named, status)


def write(
    body: Any,
    *hints: str,
    label: str = JSON,
    status: int = 200,
    to: str = f"PUT {MAIN}{ID}",
    **headers: str,
) -> Sent:
    """Return a write, a change of a credential unless it is to another path, with hints."""
    method, path = to.split(" ")
    if isinstance(body, str):
        content = body.encode()
    elif label == FORM:
        content = urlencode(body, doseq=True).encode()
    else:
        content = json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Sent(method, path, [*hints], content, {"Content-Type": label, **named}, status)


def form(body: Any, *hints: str, **options: Any) -> Sent:
    """Return a change of a credential as a form, with hints."""
    return write(body, *hints, label=FORM, **options)


def parts(*pairs: tuple[str, str]) -> str:
    """Return a multipart body with the boundary `b`."""
    return "".join(PART.format(*pair) for pair in pairs) + "--b--\r\n"


def unknown(name: str, meant: str | None = None) -> str:
    """Return the hint at a parameter that an operation does not have."""
    ending = f"; did you mean `{meant}`?" if meant else ""
    return f"`{name}` is not a parameter of this operation{ending}"


def ignored(name: str, meant: str | None = None) -> str:
    """Return the hint at a field that a body does not have."""
    ending = f"; did you mean `{meant}`?" if meant else ""
    return f"`{name}` is not a field of this body, and is ignored{ending}"


def dropped(name: str, read: str) -> str:
    """Return the hint at a field of a form that is spelled as the framework does not read it."""
    return f"`{name}` is dropped: the framework reads {read}"


def no_value(pair: str) -> str:
    """Return the hint at a parameter whose value a program did not have."""
    return f"`{pair}`: the application had no value to send; leave the parameter out"


def refused(problem: str, *more: str, authorization: str | None = None, **headers: str) -> Sent:
    """Return a request with a key that is not accepted, and why."""
    path = headers.pop("path", "")
    sent = get(path, problem + KEYS, *more, status=401, **headers)
    sent.headers["Authorization"] = authorization or ""
    return sent


QUERIES = (
    get("?serch=a", unknown("serch", "search")),
    get("?zzz=1", unknown("zzz")),
    get("?pageSize=5", unknown("pageSize", "page_size")),
    get("?Page-Size=5", unknown("Page-Size", "page_size")),
    get("?SEARCH=a", unknown("SEARCH", "search")),
    get("?per_page=5&p=2", unknown("per_page", "page_size"), unknown("p", "page")),
    get("?q=python", unknown("q", "search")),
    get("?amp;page=2", unknown("amp;page", "page")),
    get("?course[]=a", unknown("course[]", "course")),
    get("?course[0]=a", unknown("course[0]", "course")),
    get("?course[id]=a", unknown("course[id]", "course")),
    get("assertions/?limit=3&offset=6",
        unknown("limit", "page_size"), unknown("offset", "page")),
    get("issuers/?search=x", unknown("search", "q")),
    get("images/?query=a&q=a", unknown("q", "query")),
    get("?include_revoked=true", unknown("include_revoked")),
    get("issuers/?limit=3&page=1", "`limit` is ignored beside `page`"),
    get("?course=a&course=b", "`course` was sent 2 times: only the last value, `b`, counts"),
    get("?page_size=500", "`page_size=500` is more than the maximum of 100, which is used"),
    get("issuers/?limit=2000", "`limit=2000` is more than the maximum of 1000, which is used"),
    get("?page_size=0", "`page_size=0` is not understood, and is ignored"),
    get("?page_size=ten", "`page_size=ten` is not understood, and is ignored"),
    get("?course=undefined", no_value("course=undefined")),
    get("?search=null", no_value("search=null")),
    get("?page=NaN", no_value("page=NaN"), status=404),
    get("assertions/?include_revoked=undefined", no_value("include_revoked=undefined"),
        status=400),
    get("?search=[object%20Object]",
        "`search=[object Object]`: an object was turned into text"),
    write({"name": "n", "issuer": ISSUER},
          "`name` is not a parameter of this operation, but a field of its body",
          to=f"POST {MAIN}?name=x"),
)  # fmt: skip

FIELDS = (
    write({"descripton": "x"}, ignored("descripton", "description")),
    write({"zzz": 1}, ignored("zzz")),
    write({"Name": "x"}, ignored("Name", "name")),
    write({"nameOverride": "x"}, ignored("nameOverride", "name_override")),
    write({"entityID": "x"}, f"{ignored('entityID')}; `entityId` cannot be set either"),
    write({"expires": {"ammount": 1}}, ignored("expires.ammount", "expires.amount")),
    write({"recipient": {"identity": "learner", "mail": "a@example.com"}, "course": COURSE},
          ignored("recipient.mail", "recipient.email"), to=ISSUE),
    write({"expires[amount]": 1},
          "`expires[amount]` is dropped: in JSON, `expires` holds its parts"),
    write({"expires.amount": 1},
          "`expires.amount` is dropped: in JSON, `expires` holds its parts"),
    write({"catalog_items": ["x"]},
          "`catalog_items` cannot be set by this request, and is ignored"),
    write({"issuerDetails": {"name": "x"}},
          "`issuerDetails` cannot be set by this request, and is ignored"),
    write('{"name": "a", "name": "b"}',
          "`name` is in the body more than once: only the last value counts"),
    write('{"expires": {"amount": 1, "amount": 2}}',
          "`amount` is in the body more than once: only the last value counts"),
    write({"credential_type": "BADGE"},
          "production may ignore `credential_type`: send `credentialType`"),
    write({"description": "[object Object]"},
          "`description` is `[object Object]`: an object was turned into text"),
    write({"description": "undefined"},
          "`description` is the text `undefined`: the application had no value to send"),
    write({"name": 5},
          'this body does not fit the contract at `name`: 5 is not of type "string"; '
          "production accepts it all the same"),
    write(json.dumps({"name": "n"}).replace("n", "x", 1), ignored("xame", "name")),
    write({f"f{number}": 1 for number in range(50)}, *(ignored(f"f{n}") for n in range(10))),
    write({"image": "x", "name": "n"}, to=f"POST {MAIN}images/", status=400),
)  # fmt: skip

FORMS = (
    form({"tags[]": ["a", "b"]}, dropped("tags[]", "`tags`, once for each item")),
    form({"courses[]": ["c"]}, dropped("courses[]", "`courses`, once for each item")),
    form({"courses.0": "c"}, dropped("courses.0", "`courses`, once for each item")),
    form({"courses[0][course_id]": "c"},
         dropped("courses[0][course_id]", "`courses`, once for each item")),
    form({"expires[amount]": 3}, dropped("expires[amount]", "`expires.amount`")),
    form({"expires[ammount]": 3}, dropped("expires[ammount]", "`expires.amount`")),
    form({"expires.ammount": 3}, dropped("expires.ammount", "`expires.amount`")),
    form({"expires[days]": 3}, dropped("expires[days]", "`expires`, as one JSON text")),
    form({"expires[]": 3}, dropped("expires[]", "`expires`, as one JSON text")),
    form({"metadata[level]": 3}, dropped("metadata[level]", "`metadata`, as one JSON text")),
    form({"metadata{}": "{}"}, dropped("metadata{}", "`metadata`, as one JSON text")),
    form({"name[]": "x"}, dropped("name[]", "`name`")),
    form({"recipient[identity]": "learner"},
         dropped("recipient[identity]", "`recipient.identity`"),
         to=ISSUE, status=400),
    form({"users[]": ["learner"], "course": COURSE},
         dropped("users[]", "`users`, once for each item"), to=f"{ISSUE}bulk/"),
    form({"tags": "a", "tags[]": "b"},
         "`tags[]` is dropped: `tags` was sent as well, and is read instead"),
    form({"tag[]": "b"}, ignored("tag[]", "tags")),
    form({"titel": "b"}, ignored("titel")),
    form({"descripton": "b"}, ignored("descripton", "description")),
    form({"name": ["a", "b"]}, "`name` was sent 2 times: only the last value counts"),
    form({"description": "null"},
         "`description` is the text `null`: the application had no value to send"),
    write(parts(("tags[]", "a"), ("expires[amount]", "3")),
          dropped("tags[]", "`tags`, once for each item"),
          dropped("expires[amount]", "`expires.amount`"),
          label="multipart/form-data; boundary=b"),
)  # fmt: skip

LABELLED = "but `Content-Type` says `{}`: "
SEND_JSON = f"send `Content-Type: {JSON}`"
LABELS = (
    form('{"name": "x"}', f"the body is JSON, {LABELLED.format(FORM)}{SEND_JSON}"),
    form(' [{"a=b": "x&y"}]', f"the body is JSON, {LABELLED.format(FORM)}{SEND_JSON}"),
    form({'{"name": "x"}': ""}, f"the body is JSON, {LABELLED.format(FORM)}{SEND_JSON}"),
    write({"name": "x"}, f"the body is JSON, {LABELLED.format('text/plain')}{SEND_JSON}",
          label="text/plain;charset=UTF-8", status=415),
    write({"name": "x"}, f"the body is JSON, but has no `Content-Type`: {SEND_JSON}",
          label="", status=415),
    write({"name": "x"}, f"the body is JSON, {LABELLED.format('multipart/form-data')}{SEND_JSON}",
          label="multipart/form-data; boundary=b"),
    write({"name": "x"},
          f"the body is JSON, {LABELLED.format('application/merge-patch+json')}{SEND_JSON}",
          label="application/merge-patch+json", status=415),
    write("name=x&tags=a",
          f"the body is a form, {LABELLED.format(JSON)}send `Content-Type: {FORM}`, or JSON",
          status=400),
    write("name=x", f"the body is a form, {LABELLED.format('text/plain')}"
          f"send `Content-Type: {FORM}`, or JSON", label="text/plain", status=415),
    write(parts(("name", "x")), f"the body is a multipart form, {LABELLED.format(JSON)}{SET_IT}",
          status=400),
    form(parts(("name", "x")), f"the body is a multipart form, {LABELLED.format(FORM)}{SET_IT}"),
    write(parts(("name", "x")),
          f"`Content-Type` does not have the boundary of the body: {SET_IT}",
          label="multipart/form-data", status=400),
    write(parts(("name", "x")),
          f"`Content-Type` does not have the boundary of the body: {SET_IT}",
          label="multipart/form-data; boundary=other"),
    write(json.dumps('{"name": "x"}'),
          "the body was encoded as JSON twice: send the object, not its text", status=400),
    write("", "the request has no body"),
    write("", "the request has no body", to=f"POST {MAIN}", status=400),
    Sent("GET", MAIN, ["this operation reads no body; parameters belong into the query"],
         b'{"search": "x"}', {"Content-Type": JSON}),
    Sent("DELETE", f"{MAIN}x", ["this operation reads no body"], b"{}", {"Content-Type": JSON},
         404),
)  # fmt: skip

HEADERS = (
    write({"name": "x"},
          "`Content-Encoding: gzip` is not read: send the body as it is, without compression",
          Content_Encoding="gzip"),
    write({"name": "x"}, "`If-Match` is not read: a change is made whatever it says",
          If_Match='"1"'),
    write({"name": "x"},
          "`Idempotency-Key` is not read: a request that is sent again is carried out again",
          Idempotency_Key="1"),
    write({"name": "n", "issuer": ISSUER},
          "`X-HTTP-Method-Override` is not read: send the request with that method",
          to=f"POST {MAIN}", X_HTTP_Method_Override="PUT"),
    get("", "`Prefer: code=99` is not understood: write a status from 200 to 599",
        Prefer="code=99"),
    get("", "`Prefer: status=503` is not understood: write `code=` and a status",
        Prefer="respond-async, status=503"),
    get("", "`Prefer: delay=1s` is not understood: write milliseconds up to 60000",
        Prefer="delay=1s"),
    get(f"/__sandbox__/a{MAIN}", "`X-Mock-Sandbox: b` is not used: the path names the sandbox `a`",
        X_Mock_Sandbox="b"),
)  # fmt: skip

SEND_KEY = "send `Authorization: Api-Key KEY`"
CALLERS = (
    refused("the key is not one of this world", authorization="Token s3cret"),
    refused("the key is not one of this world", authorization="s3cret"),
    refused("the key, or its user, is deactivated", authorization="Bearer retired-key"),
    refused("the application had no key: it sent `undefined`", authorization="Bearer undefined"),
    refused("the application had no key: it sent `null`", authorization="Api-Token null"),
    refused("the application had no key: it sent `[object Object]`",
            authorization="Token [object Object]"),
    refused("the key was sent in quotes", authorization='Token "main-admin-key"'),
    refused("`Authorization` has the scheme `bearer` and no key", authorization="Bearer"),
    refused("a key has no spaces", authorization="Token s3 cret"),
    refused(f"the scheme `basic` is not read: {SEND_KEY}", authorization="Basic czNjcmV0"),
    refused(f"the scheme is not read: {SEND_KEY}", authorization="s3cret and more"),
    refused(f"no `Authorization` header was sent: {SEND_KEY}"),
    refused(f"no `Authorization` header was sent, and the header `X-Api-Key` is not read: "
            f"{SEND_KEY}", X_Api_Key="s3cret"),
    refused(f"no `Authorization` header was sent, and the parameter `token` is not read: "
            f"{SEND_KEY}", unknown("token"), path="?token=s3cret"),
    get("/api/credentials/orgs/acme/users/11/",
        "the key is for platform `main`, the request is about `acme`", status=403),
    get("?platform_org=acme", "the key is for platform `main`, the request is about `acme`",
        status=403),
    write({"name": "x"},
          "the key is that of a learner; this operation takes a platform-admin or "
          "department-admin", status=403, Authorization="Token main-learner-key"),
    get("/api/credentials/orgs/Main/users/1/",
        "the platforms of this world are `main`, `acme`", status=404),
    get("/api/credentials/orgs/main/users/lerner/",
        USERS, status=404),
)  # fmt: skip

SLASH = "the path lacks its last slash"
LISTED = "all are listed at `/__mock__/docs`"
NOTHING = f"no operation of release 3.59 has this path; {LISTED}"
PATHS = (
    write({"name": "x"}, f"{SLASH}: most clients follow this 301 with a GET; ask for `{MAIN}`",
          to=f"POST {MAIN[:-1]}", status=301),
    write({"name": "x"}, f"{SLASH}: some clients follow this 301 with a GET; ask for `{MAIN}`",
          to=f"PUT {MAIN[:-1]}", status=301),
    write({"name": "x"}, f"{SLASH}, so `issuers` is read as an id: ask for `{MAIN}issuers/`",
          to=f"POST {MAIN}issuers", status=405),
    get("assertions", f"{SLASH}, so `assertions` is read as an id: ask for `{MAIN}assertions/`",
        status=404),
    get("issuer", f"`issuer` is read as an id; did you mean `{MAIN}issuers/`?", status=404),
    get("issuer/", f"no operation has this path; did you mean `{MAIN}issuers/`?", status=404),
    get(f"{ID}/assertion/", f"no operation has this path; did you mean `{MAIN}{ID}/assertions/`?",
        status=404),
    get("/API/credentials/orgs/main/users/1/",
        f"no operation has this path; did you mean `{MAIN}`?", status=404),
    get("/api/credential/orgs/main/users/1/",
        f"no operation has this path; did you mean `{MAIN}`?", status=404),
    get(f"{ID}/", f"the path of an item has no slash at its end: ask for `{MAIN}{ID}`",
        status=404),
    get(f"/api{MAIN}", f"the path has `/api` twice: ask for `{MAIN}`", status=404),
    get(MAIN.removeprefix("/api"), f"the path lacks `/api`: ask for `{MAIN}`", status=404),
    get("/api//credentials/orgs/main/users/1/",
        f"the path has `//` where one slash is meant: ask for `{MAIN}`", status=404),
    get("/api/credentials/orgs//users/1/",
        "the path has `//` where the application meant to put a value", status=404),
    get("undefined", "the path has `undefined` where the application meant to put a value",
        status=404),
    get("/api/credentials/orgs/main/users/{user_id}/",
        "the path has `%7Buser_id%7D` where the application meant to put a value",
        USERS, status=404),
    get(LATER.path,
        f"this path is there from release {LATER.since} on, and this mock serves release 3.59: "
        f"start it with `--api-version {LATER.since}`", status=404),
    get("/api/core/users/", "this mock serves the credentials API only, below "
        f"`/api/credentials/`; {LISTED}", status=404),
    get("/nowhere", NOTHING, status=404),
    get("/__sandbox__", "the name of a sandbox is missing: ask for `/__sandbox__/NAME/`",
        status=404),
    write({"name": "x"}, "send PUT, which changes only the fields that are sent",
          to=f"PATCH {MAIN}{ID}", status=405),
    get(f"/dm{MAIN}",
        f"this mock has no prefix `/dm`: ask for `{MAIN}`, or start it with `--prefix /dm`",
        status=404),
)  # fmt: skip

CASES = (*QUERIES, *FIELDS, *FORMS, *LABELS, *HEADERS, *CALLERS, *PATHS)

WHOLE = {
    "name": "Whole", "issuer": ISSUER, "description": None, "credentialType": "CERTIFICATE",
    "issuing_signal": "COURSE_PASSED", "criteria_text": "Do it.", "tags": ["a", "b"],
    "expires": {"amount": 3, "duration": "months"}, "metadata": {"level": {"a": 1}},
    "public": True, "courses": ["course-v1:main+PY101+2026"],
}  # fmt: skip
IN_FORM = {
    "name": "Form", "tags": ["a", "b"], "expires.amount": 3, "expires.duration": "months",
    "metadata": '{"level": 1}', "courses[0]": "course-v1:main+PY101+2026", "public": "true",
}  # fmt: skip
SOUND = (
    get(""),
    get("?page=1&page_size=100&search=python&course=&program=&platform_org=main"),
    get("?search=&page=&format=json&_=1700000000"),
    get("?q=&zzz="),
    get("?search=null%20object&page=last"),
    get("?search=a&search=a"),
    get("issuers/?limit=5&offset=5"),
    get("assertions/?include_revoked=true&page_size=1000"),
    get(ID),
    get("", Prefer="code=200, return=representation"),
    get("", Content_Type=JSON, Content_Length="0", If_None_Match='"1"'),
    get("no-such-id", status=404),
    get(MAIN[:-1], status=301),
    write(WHOLE),
    write(WHOLE, to=f"POST {MAIN}"),
    write({"name": "n", "issuer": ISSUER}, to=f"POST {MAIN}", label=f"{JSON}; charset=utf-8"),
    write({}),
    write({"name": ""}, status=400),
    write({"metadata": {"expires[amount]": 1, "a.b": "undefined"}}),
    write({"entityId": "x", "createdAt": "2020-01-01T00:00:00Z"}),
    form(IN_FORM),
    form({"expires": '{"amount": 1, "duration": "days"}', "tags": '["a", "b"]'}),
    write(parts(*((n, str(v)) for n, v in IN_FORM.items() if n != "tags")),
          label="multipart/form-data; boundary=b"),
    write({"name": "x"}, Content_Encoding="identity"),
    Sent("OPTIONS", f"{MAIN}?serch=a"),
    Sent("HEAD", MAIN),
    Sent("DELETE", f"{MAIN}{listed()[1]['entityId']}", status=409),
)  # fmt: skip
