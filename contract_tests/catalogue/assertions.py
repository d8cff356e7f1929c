"""Rules on assertions."""

from contract_tests.catalogue.operations import (
    DELETE_CREDENTIAL,
    ISSUE_CREDENTIAL,
    ISSUE_IN_BULK,
    ISSUING,
    LIST_CREDENTIAL_ASSERTIONS,
    LIST_USER_ASSERTIONS,
    LOOK_UP_ASSERTION,
    RETRIEVE_ASSERTION,
    UPDATE_ASSERTION,
)
from contract_tests.catalogue.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="ASSERT-01",
        subject="assertions",
        requirement=(
            "Lists of assertions are pages without an envelope, each item once, with correct "
            "totals and links."
        ),
        evidence=("C", "P", "F"),
        shown_by=("test_pages_contain_everything_once",),
        why="A client that follows `next` must receive every item.",
        failure="the item at each page boundary is on no page",
        operations=(LIST_USER_ASSERTIONS, LIST_CREDENTIAL_ASSERTIONS),
        tests=("test_assertion_lists",),
    ),
    Rule(
        id="ASSERT-02",
        subject="assertions",
        requirement=(
            "A user's list contains revoked and expired assertions only on request, each with "
            "its own parameter."
        ),
        evidence=("P",),
        why="An invalid assertion must not look valid.",
        failure="expired assertions are always listed",
        operations=(LIST_USER_ASSERTIONS,),
        tests=("test_assertion_lists",),
    ),
    Rule(
        id="ASSERT-03",
        subject="assertions",
        requirement="`course` lists exactly the assertions that were earned with that course.",
        evidence=("P",),
        why="A course page shows the users who passed.",
        failure="`course` has no effect",
        operations=(LIST_USER_ASSERTIONS,),
        tests=("test_assertion_lists",),
    ),
    Rule(
        id="ASSERT-04",
        subject="assertions",
        requirement=(
            "An invalid parameter of a user's list returns 400 with messages on that parameter."
        ),
        evidence=("P", "F"),
        shown_by=("test_invalid_parameters_of_a_serializer",),
        why="A typing error must be reported.",
        failure="`include_revoked=maybe` is treated as false",
        operations=(LIST_USER_ASSERTIONS,),
        tests=("test_assertion_lists",),
    ),
    Rule(
        id="ASSERT-05",
        subject="assertions",
        requirement=(
            "The item, the lists of the user and of the credential, and the public look-up show"
            " an assertion as it was issued."
        ),
        evidence=("G", "C"),
        why="No data may be lost.",
        failure="the metadata is not stored",
        needs=("write", "username"),
        operations=(
            ISSUE_CREDENTIAL,
            RETRIEVE_ASSERTION,
            LIST_CREDENTIAL_ASSERTIONS,
            LIST_USER_ASSERTIONS,
            LOOK_UP_ASSERTION,
        ),
        tests=("test_assertions",),
    ),
    Rule(
        id="ASSERT-06",
        subject="assertions",
        requirement=(
            "The expiry of an assertion follows from its credential's `expires`, counted from the "
            "date of issue; a month has 30 days or is one of the calendar."
        ),
        evidence=("C",),
        why="Users rely on the printed date.",
        failure="a month is counted as 30 days",
        needs=("write", "username"),
        operations=(ISSUE_CREDENTIAL,),
        tests=("test_assertions",),
    ),
    Rule(
        id="ASSERT-07",
        subject="assertions",
        requirement="A revocation needs a reason and can be undone; nothing else changes.",
        evidence=("N",),
        why="Users ask why an assertion was revoked.",
        failure="a revocation without a reason is accepted",
        needs=("write", "username"),
        operations=(UPDATE_ASSERTION, RETRIEVE_ASSERTION, LIST_USER_ASSERTIONS),
        tests=("test_assertions",),
    ),
    Rule(
        id="ASSERT-08",
        subject="assertions",
        requirement=(
            "Deleting a credential with an active assertion returns 409; without one it succeeds."
        ),
        evidence=("G",),
        why="A user who earned a credential keeps it.",
        failure="deleting the credential deletes its active assertions",
        needs=("write", "username"),
        operations=(DELETE_CREDENTIAL, ISSUE_CREDENTIAL, RETRIEVE_ASSERTION),
        tests=("test_assertions",),
    ),
    Rule(
        id="ASSERT-09",
        subject="assertions",
        requirement=(
            "Issuing in bulk skips users with an active assertion and issues to all others."
        ),
        evidence=("N",),
        why="The same list of users may be uploaded twice.",
        failure="the second upload issues everything again",
        needs=("write", "username"),
        operations=(ISSUE_IN_BULK, LIST_CREDENTIAL_ASSERTIONS),
        tests=("test_assertions",),
    ),
    Rule(
        id="ASSERT-10",
        subject="assertions",
        requirement="The public look-up needs no key and shows what an admin sees.",
        evidence=("N",),
        why="An employer has no account.",
        failure="it returns 401 without a key",
        operations=(LOOK_UP_ASSERTION,),
        tests=("test_assertion_access",),
    ),
    Rule(
        id="ASSERT-11",
        subject="assertions",
        requirement=(
            "The public look-up reveals nothing about an unknown assertion, and only the reason"
            " of a revoked one."
        ),
        evidence=("N",),
        why="It is open to the public.",
        failure="a revoked assertion is shown",
        needs=("write", "username"),
        operations=(LOOK_UP_ASSERTION,),
        tests=("test_assertion_access",),
    ),
    Rule(
        id="ASSERT-12",
        subject="assertions",
        requirement=(
            "A learner sees only their own assertions: in lists, by id, and of a credential."
        ),
        evidence=("G",),
        why="The results of other users are private.",
        failure="a learner lists the assertions of another user",
        needs=("write", "learner", "username", "learner_username"),
        operations=(LIST_USER_ASSERTIONS, RETRIEVE_ASSERTION, LIST_CREDENTIAL_ASSERTIONS),
        tests=("test_assertion_access",),
    ),
    Rule(
        id="ASSERT-13",
        subject="assertions",
        requirement=(
            "After any sequence of issuing, revoking, reinstating and deleting, responses match"
            " a simple model."
        ),
        evidence=("G", "N"),
        why="A front end works with the data that it wrote.",
        failure="issuing in bulk issues again to a user whose revocation was undone",
        needs=("write", "username"),
        operations=(*ISSUING, LIST_CREDENTIAL_ASSERTIONS, DELETE_CREDENTIAL),
        tests=("test_assertions",),
    ),
    Rule(
        id="ASSERT-14",
        subject="assertions",
        requirement="A missing or invalid recipient returns 400 on its field and issues nothing.",
        evidence=("G", "F"),
        shown_by=("test_invalid_values",),
        why="Nobody may receive a credential that they did not earn.",
        failure="an unknown user is created",
        needs=("write", "username"),
        operations=(ISSUE_CREDENTIAL, ISSUE_IN_BULK),
        tests=("test_assertions",),
    ),
    Rule(
        id="ASSERT-15",
        subject="assertions",
        requirement="Assertions of another platform return 404 here, and its key returns 403.",
        evidence=("N",),
        why="Platforms must not see each other's data.",
        failure="an id of another platform is returned",
        needs=("other_org", "other_org_admin", "other_user_id"),
        operations=(RETRIEVE_ASSERTION, LIST_USER_ASSERTIONS),
        tests=("test_assertion_access", "test_tenants"),
    ),
    Rule(
        id="ASSERT-16",
        subject="assertions",
        requirement=(
            "A learner cannot issue or revoke, below the own path or an admin's, and nothing "
            "changes."
        ),
        evidence=("N",),
        why="Learners have no write access.",
        failure="learners undo their own revocation",
        needs=("write", "learner", "username", "learner_username"),
        operations=ISSUING,
        tests=("test_assertion_access",),
    ),
    Rule(
        id="ASSERT-17",
        subject="assertions",
        requirement="Forms issue in bulk and revoke like JSON does.",
        evidence=("P", "F"),
        shown_by=("test_forms_are_read_like_json",),
        why="Clients use both.",
        failure="`recipient` of a form is ignored",
        needs=("write", "username"),
        operations=ISSUING,
        tests=("test_assertions",),
    ),
)
