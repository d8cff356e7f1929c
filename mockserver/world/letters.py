"""Letters in upper case, as PostgreSQL writes them."""


def to_upper(text: str) -> str:
    """Return a text as PostgreSQL's `UPPER` writes it, which is what `icontains` compares.

    Each letter becomes one letter: `ß` and the ligature of `f` and `i` stay, the long `s` is `S`.
    The Kelvin sign is an upper case letter of its own. Source: tests/world/test_postgresql.py.
    """
    upper = text.upper()
    if len(upper) == len(text):
        return upper
    return "".join(map(_letter_to_upper, text))


def _letter_to_upper(letter: str) -> str:
    for changed in (letter.upper(), letter.title()):
        if len(changed) == 1:
            return changed
    return letter
