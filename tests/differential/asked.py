"""The requests that the differential test sends to the mock and to the twin, by subject."""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from mockserver.contract.compiler import load_contract
from tests.support.world import DOCUMENT, listed

MAIN = "/api/credentials/orgs/main/users/1/"
ACME = "/api/credentials/orgs/acme/users/11/"
JSON, FORM, MULTIPART = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
)
ADMIN = {"Authorization": "Api-Key main-admin-key"}
ISSUER = next(i["entityId"] for i in DOCUMENT["issuers"] if i["platform"] == "main")
FOREIGN_ISSUER = next(i["entityId"] for i in DOCUMENT["issuers"] if i["platform"] == "acme")
FOREIGN = next(c["entityId"] for c in DOCUMENT["credentials"] if c["platform"] == "acme")
PRIVATE = next(
    c["entityId"] for c in DOCUMENT["credentials"] if c["platform"] == "main" and not c["public"]
)
ITEM = listed()[0]["entityId"]
HELD = next(
    a["credential"]
    for a in DOCUMENT["assertions"]
    if not a["revoked"] and a["expires"] is None and a["credential"] != FOREIGN
)
COURSE = next(c["course_id"] for c in DOCUMENT["courses"] if c["platform"] == "main")
PROGRAM = next(c["program_id"] for c in DOCUMENT["programs"] if c["platform"] == "main")


@dataclass(frozen=True)
class Asked:
    """One request; a path that does not begin with a slash is relative to the collection."""

    method: str
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: ADMIN)
    body: bytes | None = None

    def __str__(self) -> str:
        headers = {k: v for k, v in self.headers.items() if (k, v) not in ADMIN.items()}
        return f"{self.method} {self.path[:300]} {headers or ''} {(self.body or b'')[-300:]!r}"


def json_body(method: str, path: str, body: Any, **headers: str) -> Asked:
    """Return a request with a JSON body."""
    return Asked(
        method, path, {**ADMIN, "Content-Type": JSON, **headers}, json.dumps(body).encode()
    )


def raw_body(body: bytes, content_type: str | None = JSON, method: str = "POST") -> Asked:
    """Return a request with these bytes as its body."""
    kind = {} if content_type is None else {"Content-Type": content_type}
    return Asked(method, "" if method == "POST" else ITEM, {**ADMIN, **kind}, body)


def form_body(fields: list[tuple[str, str]], method: str = "POST") -> Asked:
    """Return a request with an urlencoded form."""
    return raw_body(urlencode(fields).encode(), FORM, method)


def multipart(*parts: tuple[str, str]) -> bytes:
    """Return a multipart body; a part is the attributes after `form-data` and the content."""
    text = "".join(
        f"--x\r\nContent-Disposition: form-data; {attributes}\r\n\r\n{content}\r\n"
        for attributes, content in parts
    )
    return f"{text}--x--\r\n".encode()


def queries() -> Iterator[Asked]:
    """Yield lists with every corner of the query."""
    pages = ["", "0", "1", "2", "6", "7", "-1", "last", "LAST", "abc", "1.0", "1.5", "1e1", "+1"]
    pages += ["%201", "01", "%D9%A1", "1_0", "9" * 30, "%00", "None", "last%20", "99999999"]
    for page in pages:
        yield Asked("GET", f"?page={page}")
    sizes = ["", "0", "1", "7", "99", "100", "101", "1000", "-5", "abc", "2.0", "+3", "%203"]
    for size in [*sizes, "%D9%A3", "1_0", "9" * 30, "last"]:
        yield Asked("GET", f"?page_size={size}")
        yield Asked("GET", f"?page=2&page_size={size}")
    terms = ["python", "PYTHON", "PyThOn", "%25", "_", "%C3%A9", "%C3%89", "STRASSE", "%27", "%22"]
    terms += ["%5C", "zzz", "a%20b", "a+b", "%F0%9F%8E%93", "%D7%A9", "", "%20", "%20python%20"]
    terms += ["%00", "%FF", "%E2%80%AE", "%C4%B0", "%C3%9F", "x" * 1000, "%2E*", "%5B", "%EF%AC%81"]
    for term in terms:
        yield Asked("GET", f"?search={term}&page_size=100")
    for course in [quote(COURSE, safe=""), quote(COURSE.upper(), safe=""), "nothing", "", "%00"]:
        yield Asked("GET", f"?course={course}")
        yield Asked("GET", f"?course={course}&program={quote(PROGRAM, safe='')}&search=a")
    for program in [quote(PROGRAM, safe=""), "nothing", "", "%FF"]:
        yield Asked("GET", f"?program={program}&page_size=2")
    for org in ["main", "acme", "nothing", "", "Main", "%00"]:
        yield Asked("GET", f"?platform_org={org}")
        yield Asked("GET", f"{ACME}?platform_org={org}")
    links = ["page=2&z=1&a=2", "a=&page=2", "a=1&a=2&page=2", "page=2&page=3", "q=a+b%2Bc&page=2"]
    links += [
        "page=2&x=%FF",
        "page=2&%C3%A9=%C3%A9",
        "page=2;a=1",
        "page=2&page_size=abc",
        "=1&page=2",
    ]
    links += [
        "page=2&a[]=1&a[]=2",
        "page=2&page_size=&b",
        "page=2&page_size=5&page_size=7",
        "&&page=2",
    ]
    for link in links:
        yield Asked("GET", f"?{link}")
    for query in [
        "",
        "?q=a",
        "?q=A",
        "?q=",
        "?page=2",
        "?page_size=1",
        "?page_size=1&page=2",
        "?page_size=5000",
        "?q=zzz",
        "?page=x",
        "?limit=1&offset=1",
        "?q=%25",
    ]:
        yield Asked("GET", f"issuers/{query}")


def addresses() -> Iterator[Asked]:
    """Yield the places that exist, that do not, and those that nearly do."""
    names = [ITEM, PRIVATE, FOREIGN, "nothing", ITEM.lower(), f"{ITEM}/", "%20", "%00", "%FF", "."]
    names += ["..", "%2F", "a%2Fb", "%25", "x" * 300, "issuers", "issuers/x/", "issuers/x/y", "'"]
    names += [f"issuers/{ISSUER}", "issuers/main", "issuers/acme", f"issuers/{FOREIGN_ISSUER}"]
    names += ["issuers/nothing", f"issuers/{ISSUER}/", "issuers/%00", "%E2%80%AE", "a;b", "a%3Fb"]
    for name in names:
        yield Asked("GET", name)
    paths = ["/", "/api", "/api/", "/api/credentials/", "/api/credentials/orgs/", "//", "/x"]
    paths += [
        "/api/credentials/orgs/main/users/1",
        "/api/credentials/orgs/main/users/1?page=2&a=%20b",
    ]
    paths += ["/api/credentials/orgs/main/users/", "/api/credentials/orgs/main/users//"]
    paths += [f"/api/credentials/orgs/main/users//{ITEM}", "/api//credentials/orgs/main/users/1/"]
    paths += [
        f"/api/credentials/orgs/main/users/{u}/"
        for u in [
            "admin",
            "ADMIN",
            "2",
            "learner",
            "11",
            "acme-admin",
            "999",
            "01",
            "1.0",
            "-1",
            "+1",
            "%201",
            "%D9%A1",
            "9" * 30,
            "me",
            "%00",
            "%FF",
            "10",
        ]
    ]
    paths += [
        f"/api/credentials/orgs/{o}/users/1/" for o in ["Main", "nothing", "%00", "%FF", "acme"]
    ]
    for path in paths:
        yield Asked("GET", path)
    for path in (
        "/api/credentials/orgs/main/users/1",
        "/api/credentials/orgs/%C3%A9%20x/users/a'b",
    ):
        for method in ("POST", "DELETE", "PATCH", "HEAD", "OPTIONS"):
            yield Asked(method, path)
            yield Asked(method, path, {})


def callers() -> Iterator[Asked]:
    """Yield every way to say who one is, at every operation."""
    values = ["Api-Key main-admin-key", "Api-Token main-admin-key", "Token main-admin-key"]
    values += [
        "Bearer main-admin-key",
        "API-KEY main-admin-key",
        "main-admin-key",
        "",
        " ",
        "Api-Key",
    ]
    values += [
        "Api-Key ",
        "Api-Key a b",
        "Basic YTpi",
        "Basic",
        "nothing",
        "Api-Key nothing",
        "Token",
    ]
    values += [
        "Api-Key retired-key",
        "retired-key",
        "Digest a b c",
        "Api-Key  main-admin-key",
        "a b",
    ]
    values += [
        "Bearer a b c",
        "Api-Key \xe9",
        "\xe9",
        "api_key main-admin-key",
        "Api-Key:main-admin-key",
    ]
    for value in values:
        yield Asked("GET", "", {"Authorization": value})
    keys = ["main-admin-key", "main-department-admin-key", "main-learner-key", "acme-admin-key"]
    everything = [("GET", ""), ("POST", ""), ("GET", ITEM), ("PUT", ITEM), ("DELETE", HELD)]
    everything += [("GET", "issuers/"), ("POST", "issuers/"), ("GET", f"issuers/{ISSUER}")]
    everything += [("GET", PRIVATE), ("PUT", "nothing"), ("DELETE", "nothing"), ("GET", FOREIGN)]
    for key, (method, path) in itertools.product([*keys, "retired-key", "nothing"], everything):
        yield Asked(method, path, {"Authorization": f"Api-Key {key}"})
    for method, path in everything:
        yield Asked(method, path, {})
    for key in keys:
        yield Asked("GET", "?platform_org=acme", {"Authorization": key})
        yield Asked("GET", "/api/credentials/orgs/nothing/users/1/", {"Authorization": key})


def methods() -> Iterator[Asked]:
    """Yield methods that a path has and has not, with and without a key."""
    for path in ("", ITEM, "nothing", "issuers/", f"issuers/{ISSUER}", "/api/x", "/"):
        for method in ("PATCH", "OPTIONS", "HEAD", "TRACE", "BREW", "POST", "PUT", "DELETE", "get"):
            if (method, path) in (
                ("POST", ""),
                ("POST", "issuers/"),
                ("PUT", ITEM),
                ("DELETE", ITEM),
            ):
                continue  # asked for elsewhere
            yield Asked(method, path)
            yield Asked(method, path, {"Authorization": "Api-Key main-learner-key"})
            yield Asked(method, path, {})


def negotiation() -> Iterator[Asked]:
    """Yield what clients say they accept."""
    accepted = ["*/*", "application/*", JSON, "text/html", "", "text/html, */*;q=0.1", "nonsense"]
    accepted += [
        "application/json;q=0",
        "application/json; indent=2",
        "application/json; indent=99",
    ]
    accepted += ["application/json; indent=x", "application/json; indent=-1", "APPLICATION/JSON"]
    accepted += ["application/json; version=2", "application/vnd.api+json", "text/*", ",", ";", "*"]
    accepted += [
        "application/xml;q=0.9,application/json;q=0.5",
        "*/json",
        "application/json, text/html",
    ]
    accepted += [
        "application/json; indent=4, */*",
        "application/json;charset=utf-8",
        " application/json ",
    ]
    for value in accepted:
        yield Asked("GET", "?page_size=1", {**ADMIN, "Accept": value})
    for value in ("json", "xml", "api", "", "JSON", "%00"):
        yield Asked("GET", f"?page_size=1&format={value}")
        yield Asked("PATCH", f"?format={value}", {})
    html = {"Accept": "text/html"}
    for method, path in (("PATCH", "nothing"), ("GET", ITEM), ("POST", ""), ("OPTIONS", "")):
        yield Asked(method, path, html)
        yield Asked(method, path, {**ADMIN, **html})


ODD_VALUES: tuple[Any, ...] = (
    None,
    "",
    " ",
    "x",
    "  trimmed  ",
    "x" * 256,
    "x" * 1001,
    5,
    -1,
    0,
    1.5,
    1e400,
    10**30,
    2**31,
    True,
    False,
    "true",
    "1",
    "no",
    [],
    ["x"],
    [""],
    [None],
    [1, "1"],
    [["x"]],
    [{}],
    {},
    {"a": 1},
    {"amount": 1, "duration": "days"},
    {"amount": "x"},
    {"amount": -1},
    {"amount": None, "b": 1},
    {"amount": 2**31, "duration": ""},
    {"amount": 1.0},
    {"amount": "3"},
    {"duration": 5},
    "\x00",
    "a\u0000b",
    "\ud800",
    "\u202e",
    "a\nb",
    "https://example.com/a?b=c#d",
    "ftp://x.org",
    "http://localhost:80/",
    "http://[::1]/",
    "http://a..b/",
    "//example.com",
    "http://ex ample.com",
    "HTTPS://EXAMPLE.COM",
    "http://é.example/ü",
    "http://x.y:99999/",
    "javascript:alert(1)",
    "COURSE_PASSED",
    "course_passed",
    "MICRO_CREDENTIAL",
    ISSUER,
    FOREIGN_ISSUER,
    "a@b.co",
    "a@b",
)


def json_bodies() -> Iterator[Asked]:
    """Yield each field of a body with every kind of value, and bodies that are no objects."""
    properties = load_contract().document["components"]["schemas"]["CredentialFields"]["properties"]
    for name, value in itertools.product(properties, ODD_VALUES):
        body = {"name": "n", "issuer": ISSUER, name: value}
        yield json_body("POST", "", body)
    for name, value in itertools.product(
        ("name", "iconImage", "email", "url", "allowed_template_tags"), ODD_VALUES
    ):
        yield json_body("POST", "issuers/", {"name": "n", name: value})
    references = [("courses", [COURSE]), ("programs", [PROGRAM]), ("courses", [COURSE, "x", "y"])]
    references += [("courses", [COURSE, COURSE]), ("icon_image_id", 1), ("icon_image_id", "1")]
    references += [("icon_image_id", 999), ("icon_image_id", True), ("icon_image_id", [1])]
    for name, value in references:
        yield json_body("POST", "", {"name": "n", "issuer": ISSUER, name: value})
    for body in ([], [1], "x", 5, 1.5, True, None, {}, {"name": ""}, {"issuer": ISSUER}, [{}]):
        yield json_body("POST", "", body)
        yield json_body("PUT", ITEM, body)
        yield json_body("POST", "issuers/", body)
        yield json_body("PUT", "nothing", body)


def media_types() -> Iterator[Asked]:
    """Yield bodies that cannot be read and media types that nobody reads."""
    good = json.dumps({"name": "n", "issuer": ISSUER}).encode()
    broken = [
        b"{",
        b"",
        b" ",
        b"nul",
        b"{'a': 1}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"a": 1,}',
        b'{"a" 1}',
        b'"',
        b'{"a": "\n"}',
        b'{"a": 1} x',
        b"[1 2]",
        b'{"a": 01}',
        b"\x00",
        b'{"name": 1, "name": "n"}',
        b"\xff\xfe{\x00}\x00",
        b'{"a":' * 50 + b"1" + b"}" * 50,
    ]
    for body in broken:
        yield raw_body(body)
        yield raw_body(body, method="PUT")
        yield raw_body(body, None)
    kinds = [
        "text/plain",
        "text/csv",
        "",
        "nonsense",
        "application/xml",
        "application/json; charset=utf-8",
    ]
    kinds += [
        "application/json; charset=latin-1",
        "application/json; charset=nonsense",
        "APPLICATION/JSON",
    ]
    kinds += [
        "application/json;",
        "application/json; charset",
        "a; b=c; d",
        "application/vnd.api+json",
    ]
    kinds += ["*/*", "application/*", "application/json, text/html", " application/json ", "json"]
    kinds += ["application/json; charset=utf-16", 'application/json; charset="utf-8"', "x" * 300]
    for kind in kinds:
        yield raw_body(good, kind)
        yield raw_body(b"", kind)
    for body in (
        b"",
        b"x",
        b"--x--",
        b"--x\r\n\r\n--x--",
        b"--y\r\n",
        multipart(),
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\ncut',
    ):
        for kind in (
            MULTIPART,
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/mixed; boundary=x",
            'multipart/form-data; boundary="x"',
            "multipart/form-data; boundary=\xe9",
        ):
            yield raw_body(body, kind)


def forms() -> Iterator[Asked]:
    """Yield forms of both kinds: texts, JSON texts, lists, blanks, repeated names, files."""
    properties = load_contract().document["components"]["schemas"]["CredentialFields"]["properties"]
    texts = [
        "",
        " ",
        "x",
        "null",
        "5",
        "true",
        "off",
        "[]",
        '["a", "b"]',
        "{}",
        '{"amount": 2}',
        "{",
        "[1",
    ]
    texts += ["COURSE_COMPLETED", "https://example.com/a", "\x00", "é🎓", '"quoted"', "1.0"]
    for name, text in itertools.product(properties, texts):
        fields = [("name", "n"), ("issuer", ISSUER), (name, text)]
        yield form_body(fields)
    for fields in (
        [("tags", "a"), ("tags", "b")],
        [("tags[0]", "a"), ("tags[1]", "b")],
        [("tags", '["a"]'), ("tags", "b")],
        [("expires.amount", "3"), ("expires.duration", "days")],
        [("expires.amount", "x")],
        [("name", "m")],
        [("courses", COURSE)],
        [("courses", COURSE), ("courses", "x")],
        [("programs", "")],
        [("expires", "[1]")],
        [("public", "false")],
        [("icon_image_id", "1")],
        [("icon_image_id", "")],
        [("metadata", '{"a": [1]}')],
        [("credential_type", "A"), ("credentialType", "A")],
        [("unknown", "x")],
        [("name", "")],
        [("issuer", "")],
        [("credentialType", ""), ("signal", "")],
    ):
        whole = [("name", "n"), ("issuer", ISSUER), *fields]
        yield form_body(whole)
        yield form_body(fields, "PUT")
        parts = [(f'name="{name}"', text) for name, text in whole]
        yield raw_body(multipart(*parts), MULTIPART)
        yield raw_body(multipart(*parts[2:]), MULTIPART, "PUT")
    for attributes in (
        'name="name"; filename="a.txt"',
        'name="tags"; filename="a.txt"',
        'name=""',
        "x",
        'name="metadata"; filename="a.json"',
        'name="expires"; filename="a"',
    ):
        yield raw_body(multipart(('name="issuer"', ISSUER), (attributes, "x")), MULTIPART)
    for raw in (
        b"name=%FF&issuer=x",
        b"name=a;b=c",
        b"name",
        b"=",
        b"&&&",
        b"name=%00",
        b"\xff=\xfe",
        b"name=+a+",
    ):
        yield raw_body(raw, FORM)
    yield raw_body("name=é".encode("latin-1"), f"{FORM}; charset=latin-1")
    yield raw_body(b"name=n", f"{FORM}; charset=utf-16")


def encoded_parts() -> Iterator[Asked]:
    """Yield forms whose parts have a transfer encoding or charset of their own, and large ones."""
    text = "Content-Transfer-Encoding: {}\r\n\r\n{}".format
    for encoding in ("base64", "BASE64", " base64 ", "quoted-printable", "8bit", "binary", "x"):
        for content in ("TmFtZQ==", "TmFt\r\nZQ==", "TmFtZQ", "=4Eame", "%%%", ""):
            yield _part('name="name"', text(encoding, content))
            yield _part('name="metadata"; filename="a"', text(encoding, content))
    for charset in ("latin-1", "utf-8", "utf-16", "nonsense"):
        for content in (b"\xe9", "\xe9".encode(), b"n\xff"):
            yield _part(
                'name="name"', f"Content-Type: text/plain; charset={charset}\r\n\r\n", content
            )
    for attributes in ('name="name"', 'name="metadata"; filename="photo.png"'):
        yield _part(attributes, "\r\n", b"x" * 3_000_000)


def _part(attributes: str, after: str, content: bytes = b"") -> Asked:
    """Return a create in a form, of which one part is written out from after its first header."""
    issuer = f'--x\r\nContent-Disposition: form-data; name="issuer"\r\n\r\n{ISSUER}\r\n'
    head = f"{issuer}--x\r\nContent-Disposition: form-data; {attributes}\r\n{after}"
    return raw_body(head.encode() + content + b"\r\n--x--\r\n", MULTIPART)


def hosts() -> Iterator[Asked]:
    """Yield requests to hosts that Django takes and to those that it refuses."""
    for host in (
        *("cred_mock:8765", "cred-mock:8765", "CRED.example", "example.org.", "a..b", "-", "."),
        *("[::1]:8765", "[::1]", "::1", "127.0.0.1", "example.org:80", "example.org:", "a:b"),
        *("a b", "a/b", "a@b", "a,b", "m\xfcller.example", "example.org:99999", "x" * 300),
    ):
        headers = {**ADMIN, "Host": host}
        for path in ("?page_size=1", "issuers", "nothing/at/all/"):
            yield Asked("GET", path, headers)
        yield Asked("GET", "", {"Host": host})


def strange_json() -> Iterator[Asked]:
    """Yield JSON that Python's parser takes and others do not."""
    for value in (
        *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "nan", "[NaN]", '{"a": NaN}'),
        *('"NaN"', "1" * 400, "-0", "-0.0", "1E400", '"\\ud800"', '"\\udc00\\ud800"'),
        *('"\\ud83d\\ude00"', '["\\ud800"]', '{"\\ud800": 1}', '"\\u0000"'),
    ):
        for name in ("name", "metadata", "tags", "duration"):
            text = f'{{"name": "n", "issuer": "{ISSUER}", "{name}": {value}}}'
            yield raw_body(text.encode())
    for text in (
        f'{{"name": "a", "name": "b", "issuer": "{ISSUER}"}}',
        f'{{"name": "a", "issuer": "x", "issuer": "{ISSUER}"}}',
        f'{{"name": "a", "issuer": "{ISSUER}", "metadata": {{"a": 1, "a": 2}}}}',
    ):
        yield raw_body(text.encode())
    for surrogate in (b"\xed\xa0\x80", b"\xff"):
        yield raw_body(b'{"name": "' + surrogate + b'", "issuer": "' + ISSUER.encode() + b'"}')


def spellings() -> Iterator[Asked]:
    """Yield bodies with both spellings of a field."""
    properties = load_contract().document["components"]["schemas"]["CredentialFields"]["properties"]
    for other, schema in properties.items():
        name = schema.get("x-alias-of")
        if name is None:
            continue
        url = "https://example.com/"
        for first, second in (
            ("A", "A"),
            ("A", "B"),
            (url, url),
            (url, f"{url}b"),
            (None, "A"),
            (None, url),
            (" A", "A"),
            ("COURSE_PASSED", "COURSE_COMPLETED"),
        ):
            body = {"name": "n", "issuer": ISSUER, name: first, other: second}
            yield json_body("POST", "", body)


GROUPS = {
    each.__name__: list(each())
    for each in (
        queries,
        addresses,
        callers,
        methods,
        negotiation,
        json_bodies,
        media_types,
        forms,
        encoded_parts,
        hosts,
        strange_json,
        spellings,
    )
}
