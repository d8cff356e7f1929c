"""Open rules: nothing is known about what they say, so that this project chose.

A departure is a notice, and with --hold-choices a failure. Rules of the same kind that stand alone
are with their subject.
"""

from contract_tests.catalogue.operations import (
    ADD_SIGNATORY,
    ALL_OPERATIONS,
    CREATE_CREDENTIAL,
    CREATE_ISSUER,
    DELETE_ISSUER,
    ISSUING,
    LIST_CREDENTIAL_ASSERTIONS,
    LIST_CREDENTIALS,
    LIST_ISSUERS,
    LIST_USER_ASSERTIONS,
    LOOK_UP_ASSERTION,
    RETRIEVE_ASSERTION,
    SEARCH_IMAGES,
    UPDATE_CREDENTIAL,
    UPDATE_ISSUER,
    UPLOAD_IMAGE,
)
from contract_tests.catalogue.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="ERR-14",
        subject="errors",
        requirement=(
            "Doubtful values return 400 on their field: nulls, blanks, texts for URLs, courses, "
            "programs and pathways that do not exist."
        ),
        evidence=("choice",),
        why="A form shows the messages next to the field.",
        failure="`criteriaUrl: not a url` is stored",
        needs=("write",),
        operations=(CREATE_CREDENTIAL, UPDATE_CREDENTIAL),
        tests=("test_errors", "test_tenants"),
    ),
    Rule(
        id="PAGE-11",
        subject="pagination",
        requirement="`max_page_size` is 100 for credentials, 1000 for issuers.",
        evidence=("choice",),
        why="Both are documented; a deployment may have its own, which the list tells.",
        failure="`max_page_size` is 50",
        operations=(LIST_CREDENTIALS, LIST_ISSUERS),
        tests=("test_pagination",),
    ),
    Rule(
        id="SEARCH-08",
        subject="search",
        requirement=(
            "A search compares letters as Unicode does, accents matter, quotes are characters, "
            "and an empty course or program filters nothing."
        ),
        evidence=("choice",),
        why="É is a letter; the collation of a database may see it otherwise.",
        failure="`É` does not find `é`",
        operations=(LIST_CREDENTIALS,),
        tests=("test_search",),
    ),
    Rule(
        id="STATE-15",
        subject="state",
        requirement=(
            "Null and empty differ, parts of `expires` change alone, forms hold objects as JSON or "
            "dotted keys, `credential_type` is read, and no concurrent update undoes another."
        ),
        evidence=("choice",),
        why="Nothing is published about it, and clients manage either way.",
        failure="a description that is null comes back as an empty text",
        needs=("write",),
        operations=(CREATE_CREDENTIAL, UPDATE_CREDENTIAL),
        tests=("test_open_state",),
    ),
    Rule(
        id="ACCESS-14",
        subject="access",
        requirement=(
            "Another platform's key is 403, its items and users and private credentials are 404, "
            "every operation takes `platform_org`, and learners create no issuers."
        ),
        evidence=("choice",),
        why="Either code keeps what is private; clients should see one of them.",
        failure="another platform's key returns 404",
        operations=ALL_OPERATIONS,
        tests=("test_open_access", "test_each_operation"),
    ),
    Rule(
        id="ACCESS-15",
        subject="access",
        requirement="One key is accepted with each of the four schemes, and alone.",
        evidence=("choice",),
        why="Clients use all of them, but not with the same key.",
        failure="`Bearer` returns 401 for the key of an organization",
        operations=(LIST_CREDENTIALS,),
        tests=("test_open_access",),
    ),
    Rule(
        id="PROTO-13",
        subject="protocol",
        requirement="A missing slash redirects with 301, and HTML alone is not acceptable.",
        evidence=("choice",),
        why="The framework's settings decide both.",
        failure="a collection without its slash returns 404",
        operations=(LIST_CREDENTIALS,),
        tests=("test_protocol",),
    ),
    Rule(
        id="IMAGE-08",
        subject="images",
        requirement=(
            "An empty `query` is refused, file names do not matter, no image is found on two "
            "platforms, and learners upload nothing below their own path."
        ),
        evidence=("choice",),
        why="A file name says nothing about the content.",
        failure="a PNG named `a.svg` is served as SVG",
        operations=(SEARCH_IMAGES, UPLOAD_IMAGE),
        tests=("test_images",),
    ),
    Rule(
        id="ISSUER-11",
        subject="issuers",
        requirement=(
            "An issuer's signatories sign its credentials, its fields have limits, and neither "
            "department admins nor, below their own path, learners write issuers."
        ),
        evidence=("choice",),
        why="The names of the signatories are printed on the certificate.",
        failure="a new signatory of an issuer is missing in its credentials",
        needs=("write",),
        operations=(CREATE_ISSUER, UPDATE_ISSUER, DELETE_ISSUER, ADD_SIGNATORY),
        tests=("test_issuers",),
    ),
    Rule(
        id="ASSERT-18",
        subject="assertions",
        requirement=(
            "Issuing needs an item of the credential, one only, and known users; a month is one of "
            "the calendar; lists are newest first; a PUT is partial; forms name a recipient."
        ),
        evidence=("choice",),
        why="Nothing is published about it, and a service needs some answer.",
        failure="an unknown user in a bulk is skipped",
        operations=(
            *ISSUING,
            LIST_CREDENTIAL_ASSERTIONS,
            LIST_USER_ASSERTIONS,
            LOOK_UP_ASSERTION,
            RETRIEVE_ASSERTION,
        ),
        tests=("test_open_assertions", "test_tenants"),
    ),
)
