"""Rules on responses: their shape, and error responses."""

from contract_tests.catalogue.operations import (
    ALL_OPERATIONS,
    ANALYTICS,
    CORE_OPERATIONS,
    CREATE_CREDENTIAL,
    DELETE_CREDENTIAL,
    DELETE_ISSUER,
    LIST_CREDENTIALS,
    LIST_ISSUERS,
    LOOK_UP_ASSERTION,
    RETRIEVE_CREDENTIAL,
    RETRIEVE_ISSUER,
    UPDATE_CREDENTIAL,
)
from contract_tests.catalogue.rule import Rule

GENERATED = tuple(
    operation
    for operation in (*CORE_OPERATIONS, LOOK_UP_ASSERTION, *ANALYTICS)
    if operation not in (DELETE_CREDENTIAL, DELETE_ISSUER)
)
"""Operations that generated requests are sent to."""

RULES: tuple[Rule, ...] = (
    Rule(
        id="SCHEMA-01",
        subject="schema",
        requirement=(
            "Every response is documented in the contract: status code, content type, headers "
            "and body."
        ),
        evidence=("C", "N", "P", "F"),
        shown_by=("test_every_response_has_allow",),
        why="Clients rely on the documented fields and types.",
        failure="the list returns `programs` as one string instead of a list of objects",
        operations=ALL_OPERATIONS,
        tests=("test_schema",),
    ),
    Rule(
        id="SCHEMA-02",
        subject="schema",
        requirement="Responses contain no field that the contract does not define.",
        evidence=("C",),
        why="Clients start to depend on undocumented fields, and internal data may leak.",
        failure=(
            "credentials contain the `id` of a database row (a failure with "
            "--no-unknown-fields, otherwise a notice)"
        ),
        operations=ALL_OPERATIONS,
        tests=("test_schema",),
    ),
    Rule(
        id="SCHEMA-03",
        subject="schema",
        requirement="The example request bodies of the contract are accepted.",
        evidence=("N", "C"),
        why="Developers copy the examples first.",
        failure="the smallest example for creating a credential returns 400",
        needs=("write",),
        operations=(CREATE_CREDENTIAL, UPDATE_CREDENTIAL),
        tests=("test_schema",),
    ),
    Rule(
        id="SCHEMA-04",
        subject="schema",
        requirement=(
            "Every request that the contract's parameters and bodies allow gets a documented "
            "response."
        ),
        evidence=("F",),
        shown_by=("test_unusual_queries_are_no_server_errors",),
        why="Generated requests reach input that hand-written tests miss.",
        failure="a `page_size` of 10^30 returns 500",
        operations=GENERATED,
        tests=("test_generated",),
    ),
    Rule(
        id="SCHEMA-05",
        subject="schema",
        requirement="A listed item can be retrieved by its id and has the same content.",
        evidence=("C",),
        why="Clients take an id from a list and retrieve it.",
        failure="the item lacks the metadata that the list shows",
        operations=(LIST_CREDENTIALS, RETRIEVE_CREDENTIAL, LIST_ISSUERS, RETRIEVE_ISSUER),
        tests=("test_schema",),
    ),
    Rule(
        id="SCHEMA-06",
        subject="schema",
        requirement=(
            "The envelope reports success, with the description `Ok`, `Created` or `Updated`."
        ),
        evidence=("N", "C"),
        why="Clients check `status.success`.",
        failure="an update returns `success: false`",
        operations=(LIST_CREDENTIALS, CREATE_CREDENTIAL, RETRIEVE_CREDENTIAL, UPDATE_CREDENTIAL),
        tests=("test_schema",),
    ),
    Rule(
        id="SCHEMA-07",
        subject="schema",
        requirement="Image URLs are absolute or null.",
        evidence=("C",),
        why="A front end on another host cannot load a relative path.",
        failure="`iconImage` is `/media/a.png`",
        operations=(LIST_CREDENTIALS, RETRIEVE_CREDENTIAL),
        tests=("test_schema",),
    ),
    Rule(
        id="ERR-01",
        subject="errors",
        requirement="No request returns a 5xx status code.",
        evidence=("F",),
        shown_by=("test_unusual_queries_are_no_server_errors",),
        why="A 5xx is a server bug, whatever the request was.",
        failure="a NUL character in `search` returns 500",
        operations=ALL_OPERATIONS,
        tests=("test_errors",),
    ),
    Rule(
        id="ERR-02",
        subject="errors",
        requirement="An unknown id returns 404 with a `detail`, for every method.",
        evidence=("N", "F"),
        shown_by=("test_an_unknown_id_is_404",),
        why="Clients use it to tell a deleted item from a server error.",
        failure="GET of an unknown id returns 200 with `result: null`",
        operations=(RETRIEVE_CREDENTIAL, UPDATE_CREDENTIAL, DELETE_CREDENTIAL, RETRIEVE_ISSUER),
        tests=("test_assertion_access", "test_errors"),
    ),
    Rule(
        id="ERR-03",
        subject="errors",
        requirement="An unknown platform or user returns 404.",
        evidence=("N", "F"),
        shown_by=("test_an_unknown_id_is_404",),
        why="A typing error in a path must be reported.",
        failure="an unknown platform returns 500",
        operations=ALL_OPERATIONS,
        tests=("test_assertion_access", "test_errors"),
    ),
    Rule(
        id="ERR-05",
        subject="errors",
        requirement="An issuer that does not exist on the platform returns 400 on `issuer`.",
        evidence=("F",),
        shown_by=("test_an_unknown_reference_is_400",),
        why="A credential must not be created for an issuer that does not exist.",
        failure="an unknown issuer is replaced by the first one",
        needs=("write",),
        operations=(CREATE_CREDENTIAL, UPDATE_CREDENTIAL),
        tests=("test_errors",),
    ),
    Rule(
        id="ERR-06",
        subject="errors",
        requirement="A missing required field returns 400 on that field.",
        evidence=("N", "F"),
        shown_by=("test_required_fields",),
        why="A form shows the message next to the field.",
        failure="a body without `name` creates a credential called `Untitled`",
        needs=("write",),
        operations=(CREATE_CREDENTIAL,),
        tests=("test_errors",),
    ),
    Rule(
        id="ERR-07",
        subject="errors",
        requirement="An invalid value returns 400 on its field, as a list of messages.",
        evidence=("F", "P"),
        shown_by=("test_invalid_values",),
        why="A form shows the messages next to the field.",
        failure="`signal: x` is stored",
        needs=("write",),
        operations=(CREATE_CREDENTIAL, UPDATE_CREDENTIAL),
        tests=("test_errors",),
    ),
    Rule(
        id="ERR-08",
        subject="errors",
        requirement=(
            "A body that cannot be parsed returns 400 with a `detail`, one that is no object 400."
        ),
        evidence=("F",),
        shown_by=("test_malformed_json_is_400", "test_a_body_that_is_no_object_is_400"),
        why="A truncated body must not be treated as an empty one.",
        failure="a PUT of `{` returns 200",
        needs=("write",),
        operations=(CREATE_CREDENTIAL, UPDATE_CREDENTIAL),
        tests=("test_errors",),
    ),
    Rule(
        id="ERR-11",
        subject="errors",
        requirement="Two spellings of one field with different values return 400 on that field.",
        evidence=("choice",),
        why="Such a body is ambiguous.",
        failure="the second spelling overrides the first",
        needs=("write",),
        operations=(CREATE_CREDENTIAL, UPDATE_CREDENTIAL),
        tests=("test_errors",),
    ),
    Rule(
        id="ERR-12",
        subject="errors",
        requirement="Errors are checked in the framework's order: key, permission, look-up, body.",
        evidence=("F",),
        shown_by=("test_the_order_of_refusals",),
        why="A client without access must not learn anything from the order of errors.",
        failure="an invalid body to an unknown id returns 400 instead of 404",
        needs=("write",),
        operations=(UPDATE_CREDENTIAL,),
        tests=("test_errors",),
    ),
    Rule(
        id="ERR-13",
        subject="errors",
        requirement="A body with an unsupported media type returns 415.",
        evidence=("F", "P"),
        shown_by=("test_an_unsupported_media_type_is_415",),
        why="A server that guesses the type stores wrong data.",
        failure="`text/csv` is parsed as JSON",
        needs=("write",),
        operations=ALL_OPERATIONS,
        tests=("test_each_operation", "test_errors"),
    ),
)
