"""Tells the response of something in front of the service from one of the service itself.

A gateway, a firewall, a login page or a wall of passwords or certificates answers in the service's
place, and what it answers says nothing about the contract. The service answers in JSON; Django's
own few pages (`<h1>Not Found</h1>`, `<h1>Server Error (500)</h1>`) match nothing here.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import SplitResult, quote, unquote, urlsplit

GATEWAY_STATUSES = frozenset(
    {408, 421, 425, 460, 499, 502, 503, 504, 509, *range(520, 528), 529, 530, 598, 599}
)
"""Status codes of gateways, balancers and networks of caches, which the service never sends."""
CLEAR_REFUSALS = frozenset({403, 405, 406, 413, 414, 418, 451, 463, 494, 501, 999})
"""Those that the service has no reason for, where a read is fine but for its odd text."""
REFUSAL_STATUSES = CLEAR_REFUSALS | {400, 429, 431, 503}
"""Status codes with which a firewall or a proxy refuses a request."""
LONGEST_READ = 20_000
"""Bytes of a page that are looked at."""
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.IGNORECASE)
_LOGIN_URL = re.compile(
    r"(?<![a-z])(?:log-?in|sign-?in|log-?on|sso|saml2?|oauth2?|openid(?:-connect)?|oidc|cas|adfs|"
    r"authn?|authorize|authenticate|accounts|idp|keycloak)(?![a-z])",
    re.IGNORECASE,
)
_LOGIN_PAGE = re.compile(
    r"type\s*=\s*[\"']?password|name\s*=\s*[\"']?SAMLRequest|"
    r"<(?:title|h1|h2)[^>]*>[^<]*\b(?:log ?in|sign ?in|log ?on|single sign-on)\b",
    re.IGNORECASE,
)
_CERTIFICATE = re.compile(
    r"(?:ssl|tls|client) certificate|certificate (?:is )?required", re.IGNORECASE
)
_WANTS_TLS = re.compile(
    r"plain HTTP request was sent to|speaking plain HTTP to an|HTTP request to an HTTPS server",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"request (?:was |has been |is )?(?:rejected|blocked|denied|forbidden|unsuccessful)|"
    r"requested url was rejected|access (?:to this \w+ )?(?:is |was |has been )?(?:denied|blocked)|"
    r"(?:you have been|has been|was) blocked|web application firewall|\bwaf\b|mod_?security|"
    r"naxsi|support id|incident id|reference #|ray id|incapsula|imperva|sucuri|akamai|wordfence|"
    r"fortiweb|big-?ip|captcha|are (?:a )?human|attention required|attack detected|"
    r"just a moment|checking your browser|unusual traffic|verif(?:y|ying) (?:that )?you|"
    r"security (?:policy|rule|reason|check|violation)|malicious|suspicious",
    re.IGNORECASE,
)
_SERVER_PAGE = re.compile(
    r"<center>\s*(?:nginx|openresty|tengine|cloudflare|awselb|microsoft-azure|<h1>[45]\d\d )|"
    r"<address>apache|varnish cache server|<h1>5(?!00)\d\d |"
    r"<h1>500 [\w ]+</h1>\s*an internal server error occur|"
    r"no healthy upstream|upstream connect error|"
    r"default backend - 404|\A404 page not found\s*\Z|"
    r"<title>\s*(?:application error|bad gateway|service unavailable|gateway time-?out)",
    re.IGNORECASE,
)
_MAINTENANCE = re.compile(
    r"maintenance|be (?:right )?back (?:soon|shortly)|temporarily unavailable|"
    r"service unavailable|bad gateway|gateway time-?out",
    re.IGNORECASE,
)
_DJANGO_PAGE = re.compile(
    r"<h1>\s*(?:Not Found|Bad Request \(400\)|Server Error \(500\)|403 Forbidden)\s*</h1>"
)
"""What an unmodified Django shows where the framework does not answer, and so the service."""
_REFUSING_HEADERS = (
    "x-amzn-waf-action",
    "x-amzn-errortype",
    "cf-mitigated",
    "x-sucuri-block",
    "x-waf-event",
)
_PAGE_TITLE = re.compile(r"<(?:title|h1)[^>]*>\s*([^<]{1,80}?)\s*<", re.IGNORECASE)


_ODD = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd\u202a-\u202e]|\\u(?:00[01]|d[89a-f])|<\s*/?\w+|\.\./|"
    r"\{\{|%[0-9a-f]{2}|['\"`]\s*(?:or|and|union|--|;|$)|/etc/|\bselect\b.*\bfrom\b|javascript:",
    re.IGNORECASE,
)
LONGEST_USUAL_PATH = 2_000


class Front(Enum):
    """What may answer in the place of the service."""

    GATEWAY = "a gateway"
    LOGIN = "a login page"
    PASSWORD = "a wall of passwords"  # noqa: S105  not a password
    CERTIFICATE = "a wall of client certificates"
    FIREWALL = "a firewall"
    ORIGINS = "a gateway for other origins"
    UNKNOWN = "nobody knows what"


@dataclass(frozen=True)
class Interception:
    """A response that is not the service's: whose it is, and the sentence that says so.

    One of an unknown front may be the service's own: a read that gets it is asked for once more.
    """

    front: Front
    description: str


@dataclass(frozen=True)
class Answer:
    """What the classification looks at; names of headers are in lower case."""

    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    wants_html: bool = False
    """Whether the request accepts a page."""
    is_odd: bool = False
    """Whether the request looks like an attack, so that any refusing page is a firewall's."""
    method: str = "GET"

    @property
    def media_type(self) -> str:
        """The media type of the body."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        """Whether the response is JSON, as those of the service are."""
        return bool(_JSON.match(self.media_type))

    @property
    def text(self) -> str:
        """The beginning of the body as text."""
        return self.body[:LONGEST_READ].decode("utf-8", "replace")

    @property
    def title(self) -> str:
        """The title of the page in quotes, or nothing."""
        match = _PAGE_TITLE.search(self.text)
        return f" {' '.join(match[1].split())!r}" if match else ""


def is_odd(path: str, body: bytes) -> bool:
    """Tell whether a request looks like an attack, so that a firewall may refuse it."""
    sent = unquote(path, errors="replace")
    if len(path) > LONGEST_USUAL_PATH or _ODD.search(sent):
        return True
    text = body[:LONGEST_READ].decode("utf-8", "replace")
    return bool(_ODD.search(unquote(text, errors="replace"))) or is_deep(text)


def is_deep(text: str) -> bool:
    """Tell whether a text has many brackets inside of each other."""
    return "[" * 50 in text or '{"a":' * 50 in text


def find_interception(answer: Answer) -> Interception | None:
    """Return what answered in the place of the service, or None for the service's own response."""
    finders = (
        _find_preflight,
        _find_gateway,
        _find_wall,
        _find_login,
        _find_refusal,
        _find_unknown,
    )
    for find in finders:
        interception = find(answer)
        if interception is not None:
            return interception
    return None


def _find_preflight(answer: Answer) -> Interception | None:
    """Find what a gateway answers to every OPTIONS: headers for browsers, and nothing else."""
    is_preflight = (
        answer.method == "OPTIONS"
        and answer.status in (200, 204)
        and "access-control-allow-methods" in answer.headers
        and "allow" not in answer.headers
        and not (answer.body and answer.is_json)
    )
    what = f"{answer.status} without a description, the answer of a gateway for other origins"
    return Interception(Front.ORIGINS, what) if is_preflight else None


def _find_gateway(answer: Answer) -> Interception | None:
    is_page = not answer.is_json and bool(answer.body)
    if answer.status in GATEWAY_STATUSES:
        if answer.is_odd and answer.status == 503 and is_page and _REFUSAL.search(answer.text):
            return None  # some firewalls refuse with 503
        what = "a gateway's page" if is_page else "a gateway's answer"
        return Interception(
            Front.GATEWAY, f"{answer.status}{answer.title if is_page else ''}, {what}"
        )
    is_error_page = answer.status in (404, 500) and is_page and _SERVER_PAGE.search(answer.text)
    is_notice = (
        answer.status == 200
        and answer.media_type == "text/html"
        and not answer.wants_html
        and _MAINTENANCE.search(answer.text)
    )
    if is_error_page or is_notice:
        return Interception(Front.GATEWAY, f"{answer.status}{answer.title}, a gateway's page")
    return None


def _find_wall(answer: Answer) -> Interception | None:
    """Find a wall that asks for a password or for a client certificate."""
    if answer.status == 511:
        return Interception(
            Front.PASSWORD,
            f"511{answer.title}, the network between here and the service wants a login first",
        )
    if answer.is_json:
        return None
    challenge = answer.headers.get("www-authenticate", "")
    scheme = challenge.partition(" ")[0]
    if answer.status == 401 and scheme.lower() in ("basic", "digest", "negotiate", "ntlm"):
        return Interception(
            Front.PASSWORD,
            f"401, a wall in front of the service asks for a password ({scheme}): pass --basic, "
            "and see --basic-header and --auth-header",
        )
    if answer.status == 407:
        return Interception(
            Front.PASSWORD, "407, the proxy asks for a password: put it into the value of --proxy"
        )
    if answer.status in (400, 401, 403, 495, 496) and (
        answer.status in (495, 496) or _CERTIFICATE.search(answer.text)
    ):
        return Interception(
            Front.CERTIFICATE,
            f"{answer.status}{answer.title}, a wall in front of the service asks for a client "
            "certificate: pass --client-cert and --client-key",
        )
    if answer.status == 401 and _SERVER_PAGE.search(answer.text):
        return Interception(
            Front.PASSWORD,
            f"401{answer.title}, a wall in front of the service: see --basic and --header",
        )
    if answer.status == 400 and _WANTS_TLS.search(answer.text):
        return Interception(
            Front.PASSWORD, f"400{answer.title}: the port speaks TLS, use https:// in base_url"
        )
    return None


def _find_login(answer: Answer) -> Interception | None:
    if answer.is_json:
        return None
    if answer.status in (301, 302, 303, 307, 308):
        location = answer.headers.get("location", "")
        target = split_location(location)
        asked = unquote(answer.path.partition("?")[0])
        added = unquote(target.path).replace(asked, "")
        host = target.hostname or ""
        if _LOGIN_URL.search(added) or _LOGIN_URL.search(host):
            return Interception(
                Front.LOGIN,
                f"{answer.status}, a redirect to the login page {location.partition('?')[0]}: the "
                "service is behind a login; check base_url, or what has to be sent to pass it "
                "(--header, --basic, --client-cert)",
            )
        if location and leads_away(answer.path, location):
            return Interception(
                Front.LOGIN,
                f"{answer.status}, a redirect to {location.partition('?')[0]}, away from the API: "
                "check base_url, or what has to be sent to pass what is in front of the service",
            )
    is_page = answer.media_type == "text/html" and answer.status in (200, 401, 403)
    if is_page and not answer.wants_html and _LOGIN_PAGE.search(answer.text):
        return Interception(
            Front.LOGIN,
            f"{answer.status}{answer.title}, a login page instead of the API: the service is "
            "behind a login; check base_url, or what has to be sent to pass it (--header, "
            "--basic, --client-cert)",
        )
    return None


def _has_detail(answer: Answer) -> bool:
    """Tell whether a refusal in JSON is worded as those of the service are."""
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "detail" in value


def _find_refusal(answer: Answer) -> Interception | None:
    """Find the refusal of a firewall; of usual requests only by words that firewalls use."""
    refusal = Interception(
        Front.FIREWALL,
        f"{answer.status}{answer.title}, the refusal of a firewall in front of the service",
    )
    if answer.status in REFUSAL_STATUSES and any(
        name in answer.headers for name in _REFUSING_HEADERS
    ):
        return refusal
    is_refusing = answer.status in REFUSAL_STATUSES
    if answer.is_json:
        is_foreign = answer.is_odd and answer.status in CLEAR_REFUSALS and not _has_detail(answer)
        return refusal if is_foreign else None
    if answer.is_odd and is_refusing:
        return refusal
    text = answer.text
    if is_refusing and (_REFUSAL.search(text) or _SERVER_PAGE.search(text)):
        return refusal
    is_page = answer.status == 200 and answer.media_type == "text/html" and not answer.wants_html
    has_words = _REFUSAL.search(text) or "cf-mitigated" in answer.headers
    return refusal if is_page and has_words else None


def leads_away(path: str, location: str) -> bool:
    """Tell whether a redirect of the API leads out of it, or to the same path elsewhere.

    The service's own leads to another path of the API, such as the same one with its slash.
    """
    asked = unquote(path.partition("?")[0])
    target = split_location(location)
    leads_to = unquote(target.path)
    if leads_to.endswith(asked):
        return bool(target.netloc)
    return asked.startswith("/api/") and "/api/" not in leads_to


def split_location(location: str) -> SplitResult:
    """Return the parts of the address of a redirect, which may be none."""
    try:
        return urlsplit(location)
    except ValueError:  # such as http://[
        return urlsplit(quote(location))


def _find_unknown(answer: Answer) -> Interception | None:
    """Find a page in the place of JSON that is not one of Django's few.

    One with 500 is the service's: Django shows a team's own page for it (`500.html`).
    """
    if answer.status == 500:
        return None
    is_page = answer.media_type == "text/html" and answer.text.lstrip()[:1] == "<"
    if is_page and not answer.wants_html and not _DJANGO_PAGE.search(answer.text):
        return Interception(Front.UNKNOWN, f"{answer.status}{answer.title}, a page and not JSON")
    return None
