"""Rules on credentials by course, and on a course's export and import."""

from contract_tests.catalogue.operations import (
    CREATE_CREDENTIAL,
    DELETE_CREDENTIAL,
    EXPORT_COURSE,
    IMPORT_COURSE,
    LIST_COURSES,
    LIST_CREDENTIALS,
)
from contract_tests.catalogue.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="COURSE-01",
        subject="courses",
        requirement=(
            "Each course is listed once, with exactly the public credentials that the list "
            "returns for it."
        ),
        evidence=("G",),
        why="A course page shows the credentials of the course.",
        failure="a credential with two courses is listed under one of them",
        operations=(LIST_COURSES, LIST_CREDENTIALS),
        tests=("test_courses",),
    ),
    Rule(
        id="COURSE-02",
        subject="courses",
        requirement=(
            "The list of courses is paginated: totals, links, page sizes and an end, with the "
            "items under `results`."
        ),
        evidence=("G",),
        why="A client that follows `next` must receive every item.",
        failure="`next` repeats the first page",
        operations=(LIST_COURSES,),
        tests=("test_courses",),
    ),
    Rule(
        id="COURSE-03",
        subject="courses",
        requirement="`search` filters the courses, ignoring case.",
        evidence=("G",),
        why="Users type the part of a name that they remember.",
        failure="`search` has no effect",
        operations=(LIST_COURSES,),
        tests=("test_courses",),
    ),
    Rule(
        id="COURSE-04",
        subject="courses",
        requirement=(
            "A new credential of a course is listed under it until it is deleted or made private."
        ),
        evidence=("G",),
        why="A front end reloads after saving.",
        failure="a deleted credential is still listed",
        needs=("write",),
        operations=(LIST_COURSES, CREATE_CREDENTIAL, DELETE_CREDENTIAL),
        tests=("test_courses",),
    ),
    Rule(
        id="EXIM-01",
        subject="exim",
        requirement=(
            "An export contains every credential that the list returns for the course, unchanged."
        ),
        evidence=("G",),
        why="A backup must be complete.",
        failure="the export lacks the metadata",
        operations=(EXPORT_COURSE, LIST_CREDENTIALS, LIST_COURSES),
        tests=("test_courses",),
        since="4.90",
    ),
    Rule(
        id="EXIM-02",
        subject="exim",
        requirement=(
            "An import without an issuer creates a credential with 201; what is exported then and"
            " imported again updates it, unchanged."
        ),
        evidence=("G",),
        why="A restore must not create duplicates.",
        failure="each import creates the credentials again",
        needs=("write", "disposable"),
        operations=(EXPORT_COURSE, IMPORT_COURSE, LIST_COURSES),
        tests=("test_courses",),
        since="4.90",
    ),
    Rule(
        id="EXIM-03",
        subject="exim",
        requirement=(
            "Credentials that cannot be imported are reported: 207 if some fail, 400 if all "
            "fail; none of them is stored."
        ),
        evidence=("G",),
        why="A partial import must not look complete.",
        failure="an invalid credential is dropped silently",
        needs=("write", "disposable"),
        operations=(IMPORT_COURSE, LIST_COURSES),
        tests=("test_courses",),
        since="4.90",
    ),
    Rule(
        id="EXIM-04",
        subject="exim",
        requirement="An unknown course returns 404, a request without a key 401, a learner 403.",
        evidence=("G",),
        why="An export contains private credentials.",
        failure="a learner exports drafts",
        needs=("learner",),
        operations=(EXPORT_COURSE, LIST_COURSES),
        tests=("test_courses",),
        since="4.90",
    ),
    Rule(
        id="EXIM-05",
        subject="exim",
        requirement="An export imports unchanged into another course, as a copy.",
        evidence=("G",),
        why="This is the purpose of an export.",
        failure="an import requires an issuer, which an export does not name",
        needs=("write", "disposable"),
        operations=(EXPORT_COURSE, IMPORT_COURSE, LIST_COURSES, LIST_CREDENTIALS),
        tests=("test_courses",),
        since="4.90",
    ),
)
