"""Search and filters: what must match does, what must not does not."""

import re
from typing import Any

import pytest

from contract_tests.engine.outcome import NotTested, require
from contract_tests.oracle.model import matches
from contract_tests.vocabulary.deployment import Deployment, Newest

Item = dict[str, Any]


def ids(items: list[Item]) -> list[str]:
    """Return the entityIds of items, in their order."""
    return [each["entityId"] for each in items]


def check_found(
    deployment: Deployment,
    query: dict[str, Any],
    expected: list[Item],
    among: Newest | None = None,
) -> None:
    """Raise Breach unless a list finds exactly these, newest first.

    The first page is compared, and the count. Of a big platform `expected` are those `among` its
    newest; what else is found is older than all of these.
    """
    page = deployment.page({"page_size": 100, **query})
    wanted, got = ids(expected)[:100], page.ids
    part = among is not None and not among.whole
    if among and part:
        known, first = set(ids(among.items)), len(wanted)
        got = got[:first] + [each for each in got[first:] if each in known]
    message = "the order is another"
    if set(got) - set(wanted) or len(got) > len(set(got)):
        message = "something is found that must not be"
    elif set(wanted) - set(got):
        message = "something is not found that must be"
    shown = ", ".join(f"{name}={value}" for name, value in query.items())
    require(got == wanted, f"{message} ({' and '.join(query)})", page.reply,
            expected=f"{len(wanted)} for {shown}: {wanted[:3]}",
            got=f"{len(got)}: {[each for each in got if each not in wanted][:3] or got[:3]}",
    )  # fmt: skip
    count = page["count"]
    require(count == len(expected) or (part and count > len(expected)),
            "the count of a filtered list is wrong", page.reply,
            expected=len(expected), got=count)  # fmt: skip


def terms_of(deployment: Deployment, items: list[Item]) -> list[str]:
    """Return texts to search for: parts of what is there, in any case, and what is not there."""
    texts = [
        each
        for item in items
        for each in (item["name"], item["name_override"], item["description"])
        if each
    ]
    deployment.random.shuffle(texts)
    overrides = [item["name_override"] for item in items if item["name_override"]]
    narratives = [item["criteriaNarrative"] for item in items if item["criteriaNarrative"]]
    terms = []
    for text in texts[: deployment.effort.terms]:
        words = re.findall(r"\w{3,}", text) or [text[:3]]
        word = deployment.random.choice(words)
        terms += [word, word.upper(), word[1:]]
        if len(words) > 1:
            at = text.find(words[-1])
            terms += [text[max(0, at - 4) : at + 3], f"{words[0]} {deployment.word()}"]
    for text in overrides[:6] + narratives[:4]:
        terms += re.findall(r"\w{4,}", text)[-1:]
    terms += [text.swapcase()[:40] for text in texts if not text.isascii()][:6]
    accents = [word for text in texts for word in re.findall(r"\w*[À-ɏ]\w*", text)]
    terms += [plain(word) for word in accents[:4]] + accents[:2]
    terms += ["%", "_", "'", '"', "\\", "e", "a%", ".*", "no such text anywhere"]
    # Letters whose two ways to lower case differ (ß, İ) are nobody's to judge.
    return [each for each in dict.fromkeys(terms)
            if each.strip() == each and each and each.lower() == each.casefold()]  # fmt: skip


def plain(word: str) -> str:
    """Return a word without its accents."""
    import unicodedata

    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


@pytest.mark.rule("SEARCH-01")
def test_search_finds_what_contains_the_text(deployment: Deployment) -> None:
    """Each search finds exactly the listed credentials that contain its text in a field."""

    def check() -> None:
        newest = deployment.newest()
        if not newest.items:
            raise NotTested("there are no credentials to search")
        for term in terms_of(deployment, newest.items):
            found = [item for item in newest.items if matches(item, term)]
            check_found(deployment, {"search": term}, found, newest)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("SEARCH-01")
@pytest.mark.needs("write")
def test_each_field_is_searched_and_no_other(deployment: Deployment) -> None:
    """A text is found in name, override and description, and in no other field."""
    texts = {field: f"{deployment.word()}{field[:4]}" for field in
             ("name", "name_override", "description", "criteriaNarrative", "html_template",
              "credentialType")}  # fmt: skip
    fields = {**texts, "name": deployment.name(texts["name"]), "tags": [f"tag{texts['name']}"]}
    item = deployment.create(**fields)
    for field, text in texts.items():
        found = field in ("name", "name_override", "description")
        for term in (text, text.upper(), text[3:-2]):
            check_found(deployment, {"search": term}, [item] if found else [])
    deployment.delete(item["entityId"])
    check_found(deployment, {"search": texts["name"]}, [])


@pytest.mark.rule("SEARCH-01")
def test_an_empty_search_is_no_search(deployment: Deployment) -> None:
    """An empty search, course or program leaves the list as it is."""

    def check() -> None:
        newest = deployment.newest()
        for name in ("search", "course", "program"):
            check_found(deployment, {name: ""}, newest.items, newest)

    deployment.while_nobody_writes(check)


def linked(item: Item, kind: str, key: str) -> bool:
    """Tell whether an item is linked to a course or a program."""
    return any(each[f"{kind}_id"] == key for each in item[f"{kind}s"])


def keys_of(items: list[Item], kind: str) -> list[str]:
    """Return the ids of all courses or programs that items are linked to."""
    return list(dict.fromkeys(each[f"{kind}_id"] for item in items for each in item[f"{kind}s"]))


@pytest.mark.rule("SEARCH-02")
@pytest.mark.parametrize("kind", ["course", "program"])
def test_filters_list_what_is_linked(deployment: Deployment, kind: str) -> None:
    """A course or a program lists what is linked to it; a part of its id, or no id, nothing."""

    def check() -> None:
        newest = deployment.newest()
        keys = keys_of(newest.items, kind)
        for key in keys[: deployment.effort.terms]:
            found = [item for item in newest.items if linked(item, kind, key)]
            check_found(deployment, {kind: key}, found, newest)
        others = [keys[0][:-1], keys[0][1:]] if keys else []
        for key in [*others, f"no-such-{kind}", "%"]:
            if key and key not in keys:
                check_found(deployment, {kind: key}, [], newest)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("SEARCH-03")
def test_filters_together_are_an_intersection(deployment: Deployment) -> None:
    """Search, course and program together list what each of them lists."""

    def check() -> None:
        newest = deployment.newest()
        items = newest.items
        courses, programs = keys_of(items, "course")[:5], keys_of(items, "program")[:4]
        if not courses and not programs:
            raise NotTested("no credential is linked to a course or a program")
        for term in ("a", "e", "no such text anywhere"):
            for kind, keys in (("course", courses), ("program", programs)):
                for key in keys:
                    both = [i for i in items if linked(i, kind, key) and matches(i, term)]
                    check_found(deployment, {kind: key, "search": term}, both, newest)
        for course in courses:
            for program in programs:
                both = [
                    i
                    for i in items
                    if linked(i, "course", course) and linked(i, "program", program)
                ]
                check_found(deployment, {"course": course, "program": program}, both, newest)

    deployment.while_nobody_writes(check)


@pytest.mark.rule("SEARCH-04")
def test_what_is_not_public_is_not_listed(deployment: Deployment) -> None:
    """A credential that is made private leaves list, search and filters, and comes back again."""
    items = deployment.everything()
    links: dict[str, Any] = {}
    for kind in ("course", "program"):
        keys = keys_of(items, kind)
        if keys:
            links[f"{kind}s"] = keys[:1]
    item = deployment.create(**links)
    queries: list[dict[str, Any]] = [{}, {"search": item["name"]}]
    queries += [{name[:-1]: keys[0]} for name, keys in links.items()]
    queries += [{"search": "credcheck", name[:-1]: keys[0]} for name, keys in links.items()]
    for public in (False, True, False):
        deployment.change(item["entityId"], {"public": public})
        for query in queries:
            page = deployment.page({"page_size": 100, **query})
            listed = item["entityId"] in page.ids
            shown = "is not listed" if public else "is listed"
            state = "public" if public else "private"
            require(listed == public, f"what is {state} {shown}", page.reply)
            if page["next"] is None:
                require(page["count"] == len(page.items), "the count tells of private ones",
                        page.reply, expected=len(page.items), got=page["count"])  # fmt: skip
    deployment.delete(item["entityId"])


@pytest.mark.rule("SEARCH-05")
def test_another_platforms_are_not_listed(deployment: Deployment) -> None:
    """Nothing that the other platform lists is in a list or search here."""
    theirs = deployment.everything(path=deployment.elsewhere, actor="other_org_admin")
    if not theirs:
        raise NotTested("the other platform has no credentials")
    foreign = set(ids(theirs))
    terms = [each["name"][:20].strip() for each in theirs[:5]] + ["a", "e"]
    for query in ({}, *({"search": term} for term in terms)):
        page = deployment.page({"page_size": 100, **query})
        require(not foreign & set(page.ids), "another platform's credential is listed", page.reply,
                got=sorted(foreign & set(page.ids))[:3])  # fmt: skip


@pytest.mark.rule("SEARCH-05")
def test_another_platforms_issuers_are_not_listed(deployment: Deployment) -> None:
    """Every issuer that is listed is the platform's own."""
    page = deployment.page({"page_size": 1000}, "issuers/")
    for issuer in page.items:
        mine = issuer["org"] == deployment.settings.org
        require(mine, "another platform's issuer is listed", page.reply, got=issuer["org"])


@pytest.mark.rule("SEARCH-06")
@pytest.mark.parametrize(
    ("name", "finds", "finds_not"),
    [
        ("50% of_it", ["50%", "% of", "OF_IT", "f_i"], ["5%f", "50_ of", "50%%", "50%it"]),
        ("Éclair à la ÑANDÚ", ["éclair", "ÉCLAIR", "ñandú", "À LA"], ["eclair", "nandu"]),
        ("ПРИВЕТ мир", ["привет", "МИР"], ["privet"]),
        ("back\\slash 'quote' \"double\"", ["k\\s", "'QUOTE'", '"double"'], ["k\\\\s", "''quote"]),
        ("שלום עולם", ["שלום", "ם ע"], ["שלוב"]),
        ("🎓 degree", ["🎓", "🎓 DEG"], ["🎒"]),
        ("two  spaces", ["two  spaces", "o  s"], ["twospaces"]),
        ("a.b[c](d)*e+f", [".b[c]", "*E+F"], ["a-b", "c]d"]),
    ],
)
def test_characters_stand_for_themselves(
    deployment: Deployment, name: str, finds: list[str], finds_not: list[str]
) -> None:
    """Signs are no patterns, accents are letters, and letters of any script have two cases."""
    item = deployment.create(name=deployment.name(name))
    for terms, expected in ((finds, True), (finds_not, False)):
        for term in terms:
            page = deployment.page({"search": term, "page_size": 100})
            found = item["entityId"] in page.ids
            message = "does not find what contains it" if expected else "finds what lacks it"
            require(found == expected, f"a search {message}", page.reply,
                    expected=f"{term!r} in {name!r}: {expected}", got=found)  # fmt: skip
    deployment.delete(item["entityId"])


@pytest.mark.rule("SEARCH-07")
def test_q_finds_issuers_by_name(deployment: Deployment) -> None:
    """`q` finds exactly the issuers whose name contains it, in any case."""

    def check() -> None:
        newest = deployment.newest(path="issuers/")
        if not newest.whole:
            raise NotTested("there are too many issuers to know them all")
        terms = ["", "no such issuer", "%", "_", "a"]
        for issuer in newest.items[:5]:
            terms += [issuer["name"], issuer["name"].upper(), issuer["name"][2:6].strip()]
        for term in dict.fromkeys(each for each in terms if each.lower() == each.casefold()):
            expected = [each["entityId"] for each in newest.items
                        if term.casefold() in each["name"].casefold()]  # fmt: skip
            page = deployment.page({"q": term, "page_size": 1000}, "issuers/")
            require(sorted(page.ids) == sorted(expected), "`q` finds other issuers", page.reply,
                    expected=f"{len(expected)} for {term!r}", got=len(page.ids))  # fmt: skip

    deployment.while_nobody_writes(check)
