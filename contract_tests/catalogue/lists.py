"""Rules on lists: pages, links, order, searches and filters."""

from contract_tests.catalogue.operations import (
    CREATE_CREDENTIAL,
    DELETE_CREDENTIAL,
    LIST_CREDENTIALS,
    LIST_ISSUERS,
)
from contract_tests.catalogue.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="PAGE-01",
        subject="pagination",
        requirement=(
            "`count` is the number of items, and following `next` returns each item exactly once."
        ),
        evidence=("F", "N"),
        shown_by=("test_pages_contain_everything_once",),
        why="A client that follows `next` must receive every item.",
        failure="the item at each page boundary is on no page",
        operations=(LIST_CREDENTIALS, LIST_ISSUERS),
        tests=("test_pagination",),
    ),
    Rule(
        id="PAGE-02",
        subject="pagination",
        requirement=(
            "`num_pages`, `page_number` and the length of each page match `count`, the page size "
            "and the maximum that the list tells."
        ),
        evidence=("F",),
        shown_by=("test_pages_contain_everything_once",),
        why="User interfaces draw pagination controls from these numbers.",
        failure="`num_pages` is rounded down",
        operations=(LIST_CREDENTIALS, LIST_ISSUERS),
        tests=("test_pagination",),
    ),
    Rule(
        id="PAGE-03",
        subject="pagination",
        requirement="`previous` leads back page by page and is null on the first page.",
        evidence=("F",),
        shown_by=("test_links_lead_on_and_back",),
        why="Clients page backwards.",
        failure="`previous` is always null",
        operations=(LIST_CREDENTIALS,),
        tests=("test_pagination",),
    ),
    Rule(
        id="PAGE-04",
        subject="pagination",
        requirement=(
            "Links are absolute, use the client's base URL and keep all other query parameters."
        ),
        evidence=("F",),
        shown_by=("test_links_lead_on_and_back",),
        why="Clients follow the links unchanged.",
        failure="the link to the second page of a search drops the search",
        operations=(LIST_CREDENTIALS,),
        tests=("test_pagination",),
    ),
    Rule(
        id="PAGE-05",
        subject="pagination",
        requirement=(
            "An invalid page number returns 404; `last` is the last page, an empty value the first."
        ),
        evidence=("F",),
        shown_by=("test_invalid_page_numbers_are_404",),
        why="A client must notice the end of the list.",
        failure="page 9999 returns the last page again",
        operations=(LIST_CREDENTIALS, LIST_ISSUERS),
        tests=("test_pagination",),
    ),
    Rule(
        id="PAGE-06",
        subject="pagination",
        requirement=(
            "An invalid `page_size` falls back to the default, one above the maximum is capped,"
            " any other is used."
        ),
        evidence=("F", "N"),
        shown_by=("test_page_sizes",),
        why="One request must not fetch all data of a platform.",
        failure="`page_size=101` returns 101 items",
        operations=(LIST_CREDENTIALS, LIST_ISSUERS),
        tests=("test_pagination",),
    ),
    Rule(
        id="PAGE-07",
        subject="pagination",
        requirement=(
            "Credentials are ordered from newest to oldest, and the order is stable; those of one "
            "time may come in any order."
        ),
        evidence=("G",),
        why="Users look for the newest credential at the top.",
        failure="the list is ordered by name",
        operations=(LIST_CREDENTIALS,),
        tests=("test_pagination",),
    ),
    Rule(
        id="PAGE-08",
        subject="pagination",
        requirement="An empty result is one empty page.",
        evidence=("F",),
        shown_by=("test_an_empty_list_is_one_page",),
        why="An empty list is not an error.",
        failure="a search without results returns 404",
        operations=(LIST_CREDENTIALS,),
        tests=("test_pagination",),
    ),
    Rule(
        id="PAGE-09",
        subject="pagination",
        requirement=(
            "An item that is created or deleted between two pages shifts the next page by one."
        ),
        evidence=("F", "G"),
        shown_by=("test_pages_contain_everything_once",),
        why="Other items may move to another page, but must not disappear.",
        failure="following `next` loses an item when another one is created",
        needs=("write",),
        operations=(LIST_CREDENTIALS, CREATE_CREDENTIAL, DELETE_CREDENTIAL),
        tests=("test_pagination",),
    ),
    Rule(
        id="PAGE-10",
        subject="pagination",
        requirement=(
            "A list with more items than the maximum page size is still split into pages of that "
            "size."
        ),
        evidence=("N", "F"),
        shown_by=("test_page_sizes",),
        why="One request must not fetch all data of a platform.",
        failure="`page_size=1000` returns 101 items",
        needs=("write",),
        operations=(LIST_CREDENTIALS,),
        tests=("test_pagination",),
    ),
    Rule(
        id="SEARCH-01",
        subject="search",
        requirement=(
            "`search` finds the credentials whose name, override or description contains the "
            "text, ignoring the case of A to Z, and none that no reading of a search finds."
        ),
        evidence=("N", "G"),
        why="Users type the part of a name that they remember.",
        failure="`PYTHON` does not find `Python`",
        operations=(LIST_CREDENTIALS,),
        tests=("test_search",),
    ),
    Rule(
        id="SEARCH-02",
        subject="search",
        requirement=(
            "`course` and `program` list exactly the credentials that are linked to that id."
        ),
        evidence=("N", "G"),
        why="A course page shows the credentials of the course.",
        failure="a part of a course id also matches",
        operations=(LIST_CREDENTIALS,),
        tests=("test_search",),
    ),
    Rule(
        id="SEARCH-03",
        subject="search",
        requirement="Combined filters list only what each of them lists.",
        evidence=("G",),
        why="Another filter must not add results.",
        failure="`course` is ignored when `search` is present",
        operations=(LIST_CREDENTIALS,),
        tests=("test_search",),
    ),
    Rule(
        id="SEARCH-04",
        subject="search",
        requirement="Private credentials appear in no list, search or filter.",
        evidence=("N", "G"),
        why="Learners must not see drafts.",
        failure="the list for a course shows a draft",
        needs=("write",),
        operations=(LIST_CREDENTIALS,),
        tests=("test_search",),
    ),
    Rule(
        id="SEARCH-05",
        subject="search",
        requirement="No list, search or filter shows data of another platform.",
        evidence=("N",),
        why="Platforms must not see each other's data.",
        failure="a search finds a credential of another platform",
        needs=("other_org_admin", "other_org", "other_user_id"),
        operations=(LIST_CREDENTIALS,),
        tests=("test_search",),
    ),
    Rule(
        id="SEARCH-06",
        subject="search",
        requirement="Every character of a search is literal.",
        evidence=("F",),
        shown_by=("test_a_search_is_literal",),
        why="`%` and `_` are ordinary characters, and É is a letter.",
        failure="`%` finds everything",
        needs=("write",),
        operations=(LIST_CREDENTIALS,),
        tests=("test_search",),
    ),
    Rule(
        id="SEARCH-07",
        subject="search",
        requirement="`q` finds exactly the issuers whose name contains the text.",
        evidence=("N",),
        why="Users select an issuer by name.",
        failure="`q` has no effect",
        operations=(LIST_ISSUERS,),
        tests=("test_search",),
    ),
)
