"""Rules on the numbers of assertions and credentials by day."""

from contract_tests.catalogue.operations import (
    ANALYTICS,
    COUNT_ASSERTIONS,
    COUNT_COURSE_ASSERTIONS,
    COUNT_CREDENTIALS,
    CREATE_CREDENTIAL,
    DELETE_CREDENTIAL,
)
from contract_tests.catalogue.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="STAT-01",
        subject="analytics",
        requirement="A date range contains each of its days once, with 0 for days without data.",
        evidence=("P", "G"),
        why="A chart draws exactly the data that it receives.",
        failure="days without data are missing from a range",
        operations=ANALYTICS,
        tests=("test_analytics",),
    ),
    Rule(
        id="STAT-02",
        subject="analytics",
        requirement="Totals are the sum of the days.",
        evidence=("P",),
        why="The figure above a chart must match the chart.",
        failure="`total` counts days outside the range",
        operations=(COUNT_ASSERTIONS, COUNT_COURSE_ASSERTIONS),
        tests=("test_analytics",),
    ),
    Rule(
        id="STAT-03",
        subject="analytics",
        requirement="A created credential is counted on its day until it is deleted.",
        evidence=("G",),
        why="The numbers must describe existing data.",
        failure="the numbers are one day old",
        needs=("write",),
        operations=(COUNT_CREDENTIALS, CREATE_CREDENTIAL, DELETE_CREDENTIAL),
        tests=("test_analytics",),
    ),
    Rule(
        id="STAT-04",
        subject="analytics",
        requirement=(
            "The days are in order, changes compare with as many days before, and an invalid date "
            "or department returns 400 on its parameter."
        ),
        evidence=("choice",),
        why="A typing error must not look like a month without data.",
        failure="an invalid date is ignored",
        operations=ANALYTICS,
        tests=("test_analytics",),
    ),
    Rule(
        id="STAT-05",
        subject="analytics",
        requirement="The numbers of assertions return 403 for a learner.",
        evidence=("G",),
        why="They are for platform admins.",
        failure="a learner receives them",
        needs=("learner", "learner_username"),
        operations=(COUNT_ASSERTIONS, COUNT_COURSE_ASSERTIONS),
        tests=("test_analytics",),
    ),
)
