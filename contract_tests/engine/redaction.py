"""The redactor: every text that leaves a run passes it, whatever file or screen it goes to."""

import base64
import binascii
import html
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from contract_tests.settings.proxies import list_passwords
from contract_tests.settings.settings import Settings

SHORTEST_SECRET = 4
SHORTEST_PART = 8
"""Characters of a part of a secret header, such as the value of a cookie, that is secret alone."""
SHORTEST_FRAGMENT = 6
"""Characters of a secret before or after a cut that are hidden."""
LONGEST_KEPT = 300
MOST_KEPT = 2_000
"""Characters of a text whose redacted form is kept, and the number of such texts."""
LONGEST_SPELLING = 16
"""Characters that one of a secret takes when it is encoded several times."""
_URL_SAFE = str.maketrans("+/", "-_")
_CUT = re.compile(r"…|\.\.\.")
_QUOTES = "'\"`\\ "
_REFERENCE = re.compile(r"&(?:#|amp|lt|gt|quot|apos)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:u00|x)([0-9a-fA-F]{2})|\\([01][0-7]{2})|\\(.)")
MOST_LAYERS = 4
"""Times that a text may be encoded in one way, such as a URL within a URL."""
_BREAK = re.compile(
    r"[ \t]{0,20}(?:\r?\n|\\{1,8}[rn]|<w?br ?/?>|\u00ad){1,4}[ \t]{0,20}", re.IGNORECASE
)
"""Where a page or an editor breaks a line, also as JSON has it."""
_SLASHES, _PERCENT, _AMPERSAND = r"\\{1,8}", "%(?:25){0,8}", "&(?:amp;){0,8}"
"""What begins an encoded character, encoded again and again; long runs must not take long."""
_SPACE = r"(?:\s|\\{1,8}[rn]){1,20}"
_ODD = "%&\\'\""
"""Characters of a secret that decoding a text, or quoting it, may change."""
_NAME = re.compile(r"\$CREDCHECK_\w+")
_NOT_A_NAME = r"(?<!\$CREDCHECK_KEY_)(?<!\$CREDCHECK_HEADER_)"
"""What stands in the place of a secret, in which nothing is replaced: a key may be `learner`."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class Redactor:
    """Replaces secrets, in every encoding that occurs, by the names of variables.

    `keys` holds keys by role, `headers` the headers whose values are secret.
    """

    def __init__(self, keys: Mapping[str, str], headers: Mapping[str, str]) -> None:
        self._secrets: dict[str, str] = {}
        self._forms: tuple[tuple[str, str, str], ...] = ()
        """Each encoded secret, in its own case and in lower case, and what stands in its place."""
        self._patterns: tuple[tuple[str, re.Pattern[str], str], ...] = ()
        self._has_space = False
        self.reach = 0
        """The characters that a secret takes at most in a text, in any encoding that occurs."""
        self._known: dict[str, str] = {}
        """Short texts that were redacted before."""
        for role, key in keys.items():
            self.learn(f"$CREDCHECK_KEY_{role.upper()}", key)
        for name, value in headers.items():
            self.learn(f"$CREDCHECK_HEADER_{name.upper().replace('-', '_')}", value)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Redactor":
        """Return the redactor of a run's keys and of what else is secret."""
        return cls(settings.keys, list_secrets(settings))

    def add_key(self, role: str, key: str) -> None:
        """Add another key of a role; the earlier one stays a secret."""
        self.learn(f"$CREDCHECK_KEY_{role.upper()}", key)

    def learn(self, variable: str, secret: str) -> None:
        """Hide another secret from now on, and what of it is secret alone."""
        secrets = {secret: variable}
        secrets |= dict.fromkeys(_split_secret(secret), f"[part of {variable}]")
        for text, shown in secrets.items():
            if len(text) >= SHORTEST_SECRET:
                self._secrets.setdefault(text, shown)
        forms = {
            (form, form.lower(), shown)
            for text, shown in self._secrets.items()
            for form in _list_forms(text)
        }
        # A tuple is replaced and not changed: other threads may be redacting.
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form[0]), form)))
        self._has_space = any(" " in text for text in self._secrets)
        self.reach = LONGEST_SPELLING * max(map(len, self._secrets), default=0)
        self._known.clear()
        longest_first = sorted(self._secrets.items(), key=lambda pair: -len(pair[0]))
        self._patterns = tuple(
            (text.lower(), _make_pattern(text), shown) for text, shown in longest_first
        )

    def list_variables(self) -> dict[str, list[str]]:
        """Return the secrets that each variable of a shell stands for; a key may have been renewed.

        A name that a shell takes for no variable is none.
        """
        variables: dict[str, list[str]] = {}
        for secret, shown in self._secrets.items():
            if _NAME.fullmatch(shown) and shown.isascii():
                variables.setdefault(shown[1:], []).append(secret)
        return variables

    def __call__(self, text: str) -> str:
        """Return a text without any secret, and without what a cut has left of one."""
        if len(text) > LONGEST_KEPT:
            return self._redact(text)
        known = self._known.get(text)
        if known is None:  # most headers are the same in each response
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            known = self._known[text] = self._redact(text)
        return known

    def _redact(self, text: str) -> str:
        lower = text.lower()
        for form, form_lower, shown in self._forms:
            if form_lower in lower:
                text = _replace(re.compile(_NOT_A_NAME + re.escape(form), re.I), shown, text)
                lower = text.lower()
        if any(sign in text for sign in "%&\\+"):
            text = self._redact_encoded(text)
        if _BREAK.search(text):
            text = self._redact_broken(text)
        return self._redact_fragments(text)

    def _redact_broken(self, text: str) -> str:
        """Replace secrets in which a line was broken."""
        joined = _BREAK.sub("", text).lower().replace(" ", "")
        for form, form_lower, shown in self._forms:
            if form_lower.replace(" ", "") in joined:
                spelled = (_SPACE if each == " " else re.escape(each) for each in form)
                characters = f"(?:{_BREAK.pattern})?".join(spelled)
                pattern = re.compile(_NOT_A_NAME + characters, re.IGNORECASE)
                text = _replace(pattern, shown, text)
        return text

    def _redact_encoded(self, text: str) -> str:
        """Replace secrets of which some characters are encoded, in whatever mixture."""
        decoded = self._decode(text)
        for secret, pattern, shown in self._patterns:
            # A secret that looks encoded itself is found by its pattern only.
            if secret not in decoded and not any(sign in secret for sign in _ODD):
                continue
            text = _replace(pattern, shown, text)
            if secret in self._decode(_NAME.sub("", text)):
                return f"[hidden, because it contains {shown} in an unusual encoding]"
        return text

    def _decode(self, text: str) -> str:
        """Return all that a text says when it is decoded, in lower case."""
        readings = decode(text)
        if self._has_space and "+" in text:
            spaced = text.replace("+", " ")
            readings += [spaced, *decode(spaced)]
        return "\0".join(readings).lower()

    def _redact_fragments(self, text: str) -> str:
        """Replace the beginning of a secret before a cut or an end, and its end after one."""
        cuts = [match.span() for match in _CUT.finditer(text)] if len(text) < 20_000 else []
        for start, end in reversed([(0, 0), *cuts, (len(text), len(text))]):
            before, after = text[:start], text[end:]
            shorter_before = self._strip_end(before) if start else before
            shorter_after = self._strip_start(after) if end < len(text) else after
            if (shorter_before, shorter_after) != (before, after):
                text = shorter_before + text[start:end] + shorter_after
        return text

    def _strip_end(self, text: str) -> str:
        """Return a text without the beginning of a secret at its end."""
        bare = text.rstrip(_QUOTES)
        for form, _, shown in self._forms:
            if form[:SHORTEST_FRAGMENT] in bare[-len(form) :]:
                for length in range(len(form) - 1, SHORTEST_FRAGMENT - 1, -1):
                    if bare.endswith(form[:length]):
                        return f"{bare[:-length]}{_call_part(shown)}{text[len(bare) :]}"
        return text

    def _strip_start(self, text: str) -> str:
        """Return a text without the end of a secret at its start."""
        bare = text.lstrip(_QUOTES + "b")
        for form, _, shown in self._forms:
            if form[-SHORTEST_FRAGMENT:] in bare[: len(form)]:
                for length in range(len(form) - 1, SHORTEST_FRAGMENT - 1, -1):
                    if bare.startswith(form[-length:]):
                        return f"{text[: len(text) - len(bare)]}{_call_part(shown)}{bare[length:]}"
        return text

    def redact_value(self, value: Any) -> Any:
        """Return a JSON value in which no text and no name contains a secret."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {
                self(name) if isinstance(name, str) else name: self.redact_value(field)
                for name, field in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.redact_value(item) for item in value]
        return value


def list_secrets(settings: Settings) -> dict[str, str]:
    """Return the secrets beside the keys, each by the name of what it is sent in."""
    secrets = {name: settings.headers[name] for name in settings.secret_headers}
    if settings.basic:
        secrets[settings.basic_header] = settings.basic_value
        secrets["Basic-Password"] = settings.basic.partition(":")[2]
    for number, password in enumerate(list_passwords(settings.proxy, os.environ)):
        secrets[f"Proxy-Password{f'-{number + 1}' * bool(number)}"] = password
    return secrets


def decode(text: str) -> list[str]:
    """Return what else a text says: in a URL, in HTML in addition, and in JSON in addition."""
    readings = [text]
    if "%" in text:
        _decode_layers(readings, unquote)
    if "&" in text and _REFERENCE.search(text):
        _decode_layers(readings, html.unescape)
    if "\\" in readings[-1]:
        _decode_layers(readings, _unescape)
    return [reading for reading in dict.fromkeys(readings) if reading != text]


def _decode_layers(readings: list[str], decode_layer: Callable[[str], str]) -> None:
    """Add what the last reading says in one encoding, as long as that says something else."""
    for _ in range(MOST_LAYERS):
        decoded = decode_layer(readings[-1])
        if decoded == readings[-1]:
            return
        readings.append(decoded)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_read_escape, text)


def _read_escape(found: re.Match[str]) -> str:
    if found[1] or found[2]:
        return chr(int(found[1], 16) if found[1] else int(found[2], 8))
    return found[3]


def escape_surrogates(text: str) -> str:
    """Return a text that can be encoded: half of a surrogate pair is escaped."""
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _replace(pattern: re.Pattern[str], shown: str, text: str) -> str:
    return pattern.sub(lambda _: shown, text)


def _split_secret(secret: str) -> Iterator[str]:
    """Yield what of a header's value is secret alone: without its scheme, by cookie, decoded."""
    parts = [secret]
    scheme, space, rest = secret.partition(" ")
    if space and scheme.isalpha():
        parts.append(rest.strip())
        if scheme.lower() == "basic":
            parts += _decode_basic(rest)
    parts += [value.strip() for pair in secret.split(";") for _, _, value in [pair.partition("=")]]
    yield from (part for part in parts[1:] if len(part) >= SHORTEST_PART and part != secret)


def _decode_basic(text: str) -> Iterator[str]:
    try:
        pair = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return
    yield pair
    yield pair.partition(":")[2]


def _list_forms(secret: str) -> set[str]:
    """Return a secret as it is, in hexadecimal, and as a part of a text in base64."""
    forms = {secret, secret.encode().hex()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        start, end = (shift * 8 + 5) // 6, (shift + len(secret.encode())) * 8 // 6
        inner = encoded[start:end]
        forms |= {inner, inner.translate(_URL_SAFE), inner.replace("/", "\\/")}
        forms.add(quote(inner, safe=""))
    return {form for form in forms if len(form) >= SHORTEST_SECRET}


def _make_pattern(secret: str) -> re.Pattern[str]:
    """Return a pattern of a secret of which any character may be encoded."""
    spelled = (
        _spell_backslashes(len(run)) if run.startswith("\\") else "".join(map(_list_spellings, run))
        for run in re.findall(r"\\+|[^\\]+", secret)
    )
    return re.compile(_NOT_A_NAME + "".join(spelled), re.IGNORECASE)


def _spell_backslashes(number: int) -> str:
    """Return a pattern of a run of backslashes, of which an encoding may have doubled each."""
    one = rf"\\(?:u005c|x5c|134)?|{_PERCENT}5c|{_AMPERSAND}#(?:0*92|x0*5c);"
    return f"(?:{one}){{{number},{8 * number}}}"


def _list_spellings(character: str) -> str:
    """Return a pattern of the spellings of one character in URLs, HTML, JSON, a shell and CSV."""
    code, named = ord(character), html.escape(character)
    octets = "".join(f"{_PERCENT}{byte:02x}" for byte in character.encode())
    spellings = [re.escape(character), rf"(?:\\|{_PERCENT}5c){{0,3}}{octets}"]
    spellings += [f"{_AMPERSAND}#0*{code};", f"{_AMPERSAND}#x0*{code:x};"]
    spellings += [f"{_SLASHES}{tail}" for tail in (f"u{code:04x}", f"x{code:02x}", f"{code:03o}")]
    spellings += [f"{_SLASHES}{re.escape(character)}"]
    if named != character:
        spellings.append(rf"\\{{0,8}}{named.replace('&', _AMPERSAND, 1)}")
    other = {"'": ("'" + _SLASHES + "''", "''"), '"': ('""',), " ": (r"\+",)}
    return f"(?:{'|'.join([*spellings, *other.get(character, ())])})"


def _call_part(shown: str) -> str:
    return shown if shown.startswith("[") else f"[part of {shown}]"
