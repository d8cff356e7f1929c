"""Rules on issuers and signatories."""

from contract_tests.catalogue.operations import (
    ADD_SIGNATORY,
    CREATE_ISSUER,
    DELETE_ISSUER,
    LIST_ISSUERS,
    RETRIEVE_ISSUER,
    UPDATE_ISSUER,
)
from contract_tests.catalogue.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="ISSUER-01",
        subject="issuers",
        requirement=(
            "`limit` and `offset` select a range of the issuers, and following the links "
            "returns all of them."
        ),
        evidence=("choice",),
        why="Both kinds of pagination are documented.",
        failure="`offset` is ignored",
        operations=(LIST_ISSUERS,),
        tests=("test_issuers",),
    ),
    Rule(
        id="ISSUER-03",
        subject="issuers",
        requirement=(
            "An issuer is shown as it was created; a PUT changes only the fields it contains, "
            "credentials show the change, and the response is an array of one issuer."
        ),
        evidence=("N",),
        why="Forms send single fields.",
        failure="a PUT of the name resets the URL",
        needs=("write",),
        operations=(UPDATE_ISSUER, RETRIEVE_ISSUER),
        tests=("test_issuers",),
    ),
    Rule(
        id="ISSUER-04",
        subject="issuers",
        requirement=(
            "A deleted issuer is gone: by id, from the list, and as the issuer of a new credential."
        ),
        evidence=("N",),
        why="A deletion is final.",
        failure="a deleted issuer stays in the list",
        needs=("write",),
        operations=(DELETE_ISSUER, RETRIEVE_ISSUER, LIST_ISSUERS),
        tests=("test_issuers",),
    ),
    Rule(
        id="ISSUER-05",
        subject="issuers",
        requirement="Deleting an issuer that a credential uses returns 409 and changes nothing.",
        evidence=("choice",),
        why="A credential without an issuer is worthless.",
        failure="the credentials are deleted with the issuer",
        needs=("write",),
        operations=(DELETE_ISSUER,),
        tests=("test_issuers",),
    ),
    Rule(
        id="ISSUER-06",
        subject="issuers",
        requirement=(
            "A signatory is added to the issuer or credential in the body and appears in its "
            "`signatories`."
        ),
        evidence=("N", "G"),
        why="The names of the signatories are printed on the certificate.",
        failure="a signatory of one issuer appears in all issuers",
        needs=("write",),
        operations=(ADD_SIGNATORY,),
        tests=("test_issuers",),
    ),
    Rule(
        id="ISSUER-07",
        subject="issuers",
        requirement=(
            "An invalid value of an issuer or signatory returns 400 on its field and changes "
            "nothing."
        ),
        evidence=("G", "F"),
        shown_by=("test_invalid_values",),
        why="A form shows the messages next to the field.",
        failure="a signature that is not a URL is stored",
        needs=("write",),
        operations=(CREATE_ISSUER, UPDATE_ISSUER, ADD_SIGNATORY),
        tests=("test_issuers",),
    ),
    Rule(
        id="ISSUER-08",
        subject="issuers",
        requirement=(
            "The platform key addresses one of the platform's issuers; the key of another "
            "platform returns 404."
        ),
        evidence=("N",),
        why="Old links contain the platform key.",
        failure="the platform key returns 404",
        operations=(RETRIEVE_ISSUER,),
        tests=("test_issuers",),
    ),
    Rule(
        id="ISSUER-09",
        subject="issuers",
        requirement=(
            "Writes to issuers by a learner below an admin's path, or by another platform, are "
            "refused and change nothing."
        ),
        evidence=("N",),
        why="Only admins manage issuers.",
        failure="a learner renames an issuer",
        needs=("write", "learner"),
        operations=(CREATE_ISSUER, UPDATE_ISSUER, DELETE_ISSUER, ADD_SIGNATORY),
        tests=("test_issuers", "test_tenants"),
    ),
)
