"""Search and filters: what matches is found, and nothing else."""

from typing import Any

import pytest

from contract_tests.errors import NotTested, require
from contract_tests.oracle.model import (
    contains_possibly,
    contains_surely,
    matches_search,
    may_match_search,
)
from contract_tests.vocabulary.checks import check_equal, format_json
from contract_tests.vocabulary.deployment import Deployment
from contract_tests.vocabulary.searching import (
    check_found,
    check_search,
    choose_terms,
    is_linked,
    list_ids,
    list_keys,
)


@pytest.mark.credcheck_rule("SEARCH-01")
def test_search_finds_what_contains_the_text(deployment: Deployment) -> None:
    """A search finds exactly the listed credentials that contain the text in a searched field."""

    def check() -> None:
        newest = deployment.list_newest()
        if not newest.items:
            raise NotTested("there are no credentials to search")
        for term in choose_terms(deployment, newest.items):
            check_search(deployment, term, newest)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SEARCH-08")
def test_search_compares_letters_as_unicode_does(deployment: Deployment) -> None:
    """A search finds exactly what contains the text: case is ignored in any script, no accents."""

    def check() -> None:
        newest = deployment.list_newest()
        for term in choose_terms(deployment, newest.items):
            found = [item for item in newest.items if matches_search(item, term)]
            possible = [item for item in newest.items if may_match_search(item, term)]
            check_found(deployment, {"search": term}, found, newest, possible)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SEARCH-01")
@pytest.mark.credcheck_needs("write")
def test_three_fields_are_searched(deployment: Deployment) -> None:
    """A text is found in name, override and description, and in no other field."""
    searched = ("name", "name_override", "description")
    others = ("criteriaNarrative", "html_template", "css_template")
    texts = {field: f"{deployment.make_word()}{field[:4]}" for field in (*searched, *others)}
    name = deployment.make_name(texts["name"])
    item = deployment.create(**{**texts, "name": name, "tags": [f"tag{texts['name']}"]})
    for field, text in texts.items():
        for term in (text, text.upper(), text[3:-2]):
            check_found(deployment, {"search": term}, [item] if field in searched else [])
    deployment.delete(item["entityId"])
    check_found(deployment, {"search": texts["name"]}, [])


@pytest.mark.credcheck_rule("SEARCH-01")
def test_empty_filters_have_no_effect(deployment: Deployment) -> None:
    """An empty search does not change the list."""

    def check() -> None:
        newest = deployment.list_newest()
        check_found(deployment, {"search": ""}, newest.items, newest)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SEARCH-08")
def test_an_empty_course_has_no_effect(deployment: Deployment) -> None:
    """An empty course or program does not change the list."""

    def check() -> None:
        newest = deployment.list_newest()
        for name in ("course", "program"):
            check_found(deployment, {name: ""}, newest.items, newest)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SEARCH-08")
@pytest.mark.parametrize("kind", ["course", "program"])
def test_the_case_of_an_id_matters(deployment: Deployment, kind: str) -> None:
    """The id of a course or program in other letters lists nothing."""

    def check() -> None:
        newest = deployment.list_newest()
        keys = list_keys(newest.items, kind)
        for key in keys[:3]:
            if key.swapcase() not in keys:
                check_found(deployment, {kind: key.swapcase()}, [], newest)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SEARCH-02")
@pytest.mark.credcheck_needs("write")
@pytest.mark.parametrize("kind", ["course", "program"])
def test_filters_follow_updates(deployment: Deployment, kind: str) -> None:
    """A credential is found by what it is linked to now, and shown with it."""
    keys = list_keys(deployment.list_items(), kind)[:2]
    if not keys:
        raise NotTested(f"no credential is linked to a {kind}")
    item = deployment.create(**{f"{kind}s": keys})
    for linked in (keys, keys[:1], keys[1:], []):
        deployment.update(item["entityId"], {f"{kind}s": linked})
        for key in keys:
            page = deployment.get_page({kind: key, "search": item["name"]})
            expected = [item["entityId"]] if key in linked else []
            message = f"`{kind}` does not find what is linked to it after an update"
            check_equal(page.ids, expected, message, page.response)
        page = deployment.get_page({"search": item["name"]})
        shown = [link[f"{kind}_id"] for record in page.items for link in record[f"{kind}s"]]
        message = f"the list shows other {kind}s than an update stored"
        check_equal(sorted(shown), sorted(linked), message, page.response)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("SEARCH-02")
@pytest.mark.parametrize("kind", ["course", "program"])
def test_filters_list_what_is_linked(deployment: Deployment, kind: str) -> None:
    """An id lists the credentials that are linked to it; a part of it, or an unknown id, none."""

    def check() -> None:
        newest = deployment.list_newest()
        keys = list_keys(newest.items, kind)
        for key in keys[: deployment.effort.terms]:
            found = [item for item in newest.items if is_linked(item, kind, key)]
            check_found(deployment, {kind: key}, found, newest)
        others = [keys[0][:-1], keys[0][1:]] if keys else []
        for key in [*others, f"no-such-{kind}", "%"]:
            if key and key not in keys:
                check_found(deployment, {kind: key}, [], newest)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SEARCH-03")
def test_combined_filters_are_an_intersection(deployment: Deployment) -> None:
    """Search, course and program combined list what each of them lists."""

    def check() -> None:
        newest = deployment.list_newest()
        items = newest.items
        courses, programs = list_keys(items, "course")[:5], list_keys(items, "program")[:4]
        if not courses and not programs:
            raise NotTested("no credential is linked to a course or a program")
        for term in ("a", "e", "no such text anywhere"):
            for kind, keys in (("course", courses), ("program", programs)):
                for key in keys:
                    check_search(deployment, term, newest, **{kind: key})
        for course in courses:
            linked = [item for item in items if is_linked(item, "course", course)]
            for program in programs:
                both = [item for item in linked if is_linked(item, "program", program)]
                check_found(deployment, {"course": course, "program": program}, both, newest)

    deployment.run_undisturbed(check)


@pytest.mark.credcheck_rule("SEARCH-04")
def test_private_items_are_not_listed(deployment: Deployment) -> None:
    """A credential made private leaves list, search and filters, and returns when made public.

    Another update changes neither.
    """
    items = deployment.list_items()
    links: dict[str, Any] = {}
    for kind in ("course", "program"):
        keys = list_keys(items, kind)
        if keys:
            links[f"{kind}s"] = keys[:1]
    item = deployment.create(**links)
    queries: list[dict[str, Any]] = [{}, {"search": item["name"]}]
    queries += [{name[:-1]: keys[0]} for name, keys in links.items()]
    queries += [{"search": "credcheck", name[:-1]: keys[0]} for name, keys in links.items()]
    for public in (False, True, False):
        deployment.update(item["entityId"], {"public": public})
        deployment.update(item["entityId"], {"description": f"public: {public}"})
        for query in queries:
            page = deployment.get_page({"page_size": 100, **query})
            is_listed = item["entityId"] in page.ids
            if public and not is_listed and page["next"] is not None:
                continue  # other clients created so many meanwhile
            message = "a public item is not listed" if public else "a private item is listed"
            check_equal(is_listed, public, message, page.response)
            if page["next"] is None and "search" in query and "course" not in query:
                message = "`count` includes private items"
                check_equal(page["count"], len(page.items), message, page.response)
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("SEARCH-05")
def test_another_platforms_credentials_are_not_listed(deployment: Deployment) -> None:
    """Nothing that the other platform lists is in a list or search here."""
    others = deployment.list_items(path=deployment.other_path, actor="other_org_admin")
    if not others:
        raise NotTested("the other platform has no credentials")
    other_ids = set(list_ids(others))
    terms = [item["name"][:20].strip() for item in others[:5]] + ["a", "e"]
    for query in ({}, *({"search": term} for term in terms)):
        page = deployment.get_page({"page_size": 100, **query})
        wrong = sorted(other_ids & set(page.ids))[:3]
        message = "a credential of another platform is listed"
        require(not wrong, message, page.response, got=wrong)


@pytest.mark.credcheck_rule("SEARCH-05")
def test_another_platforms_issuers_are_not_listed(deployment: Deployment) -> None:
    """All listed issuers belong to one platform, and none is one of the other platform."""
    page = deployment.get_page({"page_size": 100}, "issuers/")
    path = f"{deployment.other_path}issuers/"
    others = deployment.get_page({"page_size": 100}, path, actor="other_org_admin")
    wrong = sorted(set(page.ids) & set(others.ids))
    message = "an issuer of another platform is listed"
    require(not wrong, message, page.response, got=wrong[:3])
    platforms = {issuer["org"] for issuer in page.items}  # its key, or another name of it
    message = "the list has issuers of several platforms"
    require(len(platforms) <= 1, message, page.response, got=sorted(platforms))


@pytest.mark.credcheck_rule("SEARCH-06")
@pytest.mark.parametrize(
    ("name", "matching", "other"),
    [
        ("50% of_it", ["50%", "% of", "OF_IT", "f_i"], ["5%f", "50_ of", "50%%", "50%it"]),
        ("Éclair à la ÑANDÚ", ["Éclair", "ÑANDÚ", " LA "], ["eclipse", "handu"]),
        ("ПРИВЕТ мир", ["ПРИВЕТ", "мир"], ["privet"]),
        ("back\\slash", ["k\\s"], ["k\\\\s", "kas"]),
        ("שלום עולם", ["שלום", "ם ע"], ["שלוב"]),
        ("🎓 degree", ["🎓", "🎓 DEG"], ["🎒"]),
        ("two  spaces", ["two  spaces", "o  s"], ["twospaces"]),
        ("a.b[c](d)*e+f", [".b[c]", "*E+F"], ["a-b", "c]d"]),
    ],
)
def test_characters_are_literal(
    deployment: Deployment, name: str, matching: list[str], other: list[str]
) -> None:
    """Punctuation is no pattern, and any script is found as it was written."""
    check_name_found(deployment, name, matching, other)


@pytest.mark.credcheck_rule("SEARCH-08")
@pytest.mark.credcheck_needs("write")
@pytest.mark.parametrize(
    ("name", "matching", "other"),
    [
        ("Éclair à la ÑANDÚ", ["éclair", "ÉCLAIR", "ñandú", "À LA"], ["eclair", "nandu"]),
        ("ПРИВЕТ мир", ["привет", "МИР"], ["privet"]),
        ("'quote' \"double\"", ["'QUOTE'", '"double"'], ["''quote"]),
    ],
)
def test_letters_and_quotes_are_compared(
    deployment: Deployment, name: str, matching: list[str], other: list[str]
) -> None:
    """Case is ignored in any script, accents matter, and quotes are characters."""
    check_name_found(deployment, name, matching, other)


def check_name_found(
    deployment: Deployment, name: str, matching: list[str], other: list[str]
) -> None:
    """Require some terms to find a name, and others not to."""
    item = deployment.create(name=deployment.make_name(name))
    for terms, expected in ((matching, True), (other, False)):
        for term in terms:
            page = deployment.get_odd_page({"search": term, "page_size": 100})
            if page is None:
                continue
            found = item["entityId"] in page.ids
            problem = "does not find a name that contains" if expected else "finds a name without"
            require(
                found == expected,
                f"a search {problem} its text",
                page.response,
                expected=f"{format_json(term)} {'finds' if expected else 'does not find'} "
                f"{format_json(name)}",
                got="found" if found else "not found",
            )
    deployment.delete(item["entityId"])


@pytest.mark.credcheck_rule("SEARCH-07")
def test_q_finds_issuers_by_name(deployment: Deployment) -> None:
    """`q` finds exactly the issuers whose name contains the text, in any case."""

    def check() -> None:
        newest = deployment.list_newest(path="issuers/")
        if not newest.is_complete:
            raise NotTested("there are too many issuers to know them all")
        terms = ["", "no such issuer", "%", "_", "a", "http", "://", "@"]
        for issuer in newest.items[:5]:
            terms += [issuer["name"], issuer["name"].upper(), issuer["name"][2:6].strip()]
        for term in dict.fromkeys(terms):
            if (page := deployment.get_odd_page({"q": term, "page_size": 100}, "issuers/")) is None:
                continue
            names = {issuer["entityId"]: [issuer["name"]] for issuer in newest.items}
            sure = {key for key, texts in names.items() if contains_surely(texts, term)}
            possible = {key for key, texts in names.items() if contains_possibly(texts, term)}
            is_complete = page["next"] is None
            is_fine = set(page.ids) <= possible | sure and (not is_complete or sure <= {*page.ids})
            require(
                is_fine and len(page.ids) == len(set(page.ids)),
                "`q` finds the wrong issuers",
                page.response,
                expected=f"{len(sure)} for {format_json(term)}",
                got=len(page.ids),
            )

    deployment.run_undisturbed(check)
