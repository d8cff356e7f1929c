"""Rules on assignments."""

from contract_tests.catalogue.operations import (
    ASSIGN_TO_GROUPS,
    ASSIGN_TO_USERS,
    DELETE_ASSIGNMENT,
    LIST_GROUP_ASSIGNMENTS,
    LIST_USER_ASSIGNMENTS,
)
from contract_tests.catalogue.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="ASSIGN-01",
        subject="assignments",
        requirement="A user who is assigned a credential holds it until the assignment is deleted.",
        evidence=("G",),
        why="This is the purpose of an assignment.",
        failure="the assertion still exists after its assignment was deleted",
        needs=("write", "disposable"),
        operations=(ASSIGN_TO_USERS, LIST_USER_ASSIGNMENTS, DELETE_ASSIGNMENT),
        tests=("test_assignments",),
    ),
    Rule(
        id="ASSIGN-02",
        subject="assignments",
        requirement=(
            "When several users are assigned, each is reported as a success or as a failure "
            "with the reason."
        ),
        evidence=("G",),
        why="Somebody must contact the users who failed.",
        failure="one unknown user makes the whole request fail",
        needs=("write", "disposable"),
        operations=(ASSIGN_TO_USERS,),
        tests=("test_assignments",),
    ),
    Rule(
        id="ASSIGN-03",
        subject="assignments",
        requirement="An assignment to a group is accepted immediately and completed later.",
        evidence=("G",),
        why="Groups are large.",
        failure="the members never receive the credential",
        needs=("write", "disposable"),
        operations=(ASSIGN_TO_GROUPS, LIST_GROUP_ASSIGNMENTS, DELETE_ASSIGNMENT),
        tests=("test_assignments",),
    ),
    Rule(
        id="ASSIGN-04",
        subject="assignments",
        requirement="`group_id` lists exactly the assignments to that group.",
        evidence=("G",),
        why="A group page shows its assignments.",
        failure="`group_id` has no effect",
        operations=(LIST_GROUP_ASSIGNMENTS,),
        tests=("test_assignments",),
    ),
    Rule(
        id="ASSIGN-05",
        subject="assignments",
        requirement=(
            "The lists depend on the role: a learner gets a part of what an admin gets, or 403."
        ),
        evidence=("G",),
        why="Assignments of other users are private.",
        failure="a learner sees all assignments",
        needs=("learner", "learner_username", "other_org_admin"),
        operations=(LIST_USER_ASSIGNMENTS, LIST_GROUP_ASSIGNMENTS),
        tests=("test_assignments",),
    ),
    Rule(
        id="ASSIGN-06",
        subject="assignments",
        requirement="An unknown credential returns 400, an unknown assignment 404.",
        evidence=("choice",),
        why="Otherwise a broken link is dropped silently.",
        failure="an unknown credential returns 200 and assigns nobody",
        needs=("write", "disposable"),
        operations=(ASSIGN_TO_USERS, ASSIGN_TO_GROUPS, DELETE_ASSIGNMENT),
        tests=("test_assignments",),
    ),
    Rule(
        id="ASSIGN-07",
        subject="assignments",
        requirement=(
            "A learner can neither assign nor delete an assignment: 403, and nothing changes."
        ),
        evidence=("N",),
        why="Learners have no write access.",
        failure="learners assign a credential to themselves",
        needs=("write", "disposable", "learner"),
        operations=(ASSIGN_TO_USERS, ASSIGN_TO_GROUPS, DELETE_ASSIGNMENT),
        tests=("test_assignments",),
    ),
    Rule(
        id="ASSIGN-08",
        subject="assignments",
        requirement=(
            "The list of assignments to users is newest first, and `search` finds a credential's"
            " name in any case."
        ),
        evidence=("G",),
        why="An admin looks for what was just assigned.",
        failure="`search` has no effect",
        needs=("write", "disposable"),
        operations=(ASSIGN_TO_USERS, LIST_USER_ASSIGNMENTS, DELETE_ASSIGNMENT),
        tests=("test_assignments",),
    ),
    Rule(
        id="ASSIGN-09",
        subject="assignments",
        requirement="An assignment whose assertion was revoked is not listed.",
        evidence=("G",),
        why="The user does not hold the credential any more.",
        failure="a revoked assignment is still listed",
        needs=("write", "disposable"),
        operations=(ASSIGN_TO_USERS, LIST_USER_ASSIGNMENTS, DELETE_ASSIGNMENT),
        tests=("test_assignments",),
    ),
    Rule(
        id="ASSIGN-10",
        subject="assignments",
        requirement=(
            "`metadata` of an assertion that an assignment issued has the assignment, who assigned"
            " it and when."
        ),
        evidence=("C",),
        why="Front ends show who assigned a credential.",
        failure="the assertion has no metadata",
        needs=("write", "disposable"),
        operations=(ASSIGN_TO_USERS, DELETE_ASSIGNMENT),
        tests=("test_assignments",),
    ),
)
