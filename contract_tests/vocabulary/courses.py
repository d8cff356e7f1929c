"""Requests about the credentials of courses, their export and import."""

from typing import Any
from urllib.parse import quote

from contract_tests.catalogue.operations import NO_DATA_MANAGER_ADMIN
from contract_tests.engine.exchange import Response
from contract_tests.errors import NotTested, RuleFailed, require
from contract_tests.vocabulary.checks import check_status
from contract_tests.vocabulary.deployment import Deployment, Page, read_result

COURSES_PATH = "course-credentials/"
MOST_PAGES = 1000


class CoursePage(Page):
    """One page of courses."""

    @property
    def items(self) -> list[dict[str, Any]]:
        """The courses on the page."""
        results = self.fields.get("results")
        require(isinstance(results, list), "a page of courses has no `results`", self.response)
        return results  # type: ignore[return-value]


def read_course_page(response: Response) -> CoursePage:
    """Return the page of courses in the envelope of a response."""
    check_status(response, 200, "a list of courses")
    return CoursePage(response, read_result(response))


def get_course_page(deployment: Deployment, **query: Any) -> CoursePage:
    """Return a page of courses."""
    return read_course_page(deployment.get(COURSES_PATH, query))


def list_courses(deployment: Deployment, **query: Any) -> list[dict[str, Any]]:
    """Follow `next` through all courses."""
    page = get_course_page(deployment, **{"page_size": 100, **query})
    courses = list(page.items)
    for _ in range(MOST_PAGES):
        if page["next"] is None:
            return courses
        page = read_course_page(deployment.follow(page["next"], page.response))
        courses += page.items
    raise RuleFailed("following `next` does not end", page.response)


def find_course(deployment: Deployment) -> str:
    """Return the id of a course with a credential."""
    items = get_course_page(deployment, page_size=1).items
    if not items:
        raise NotTested("no course has a credential")
    course_id: str = items[0]["course_id"]
    return course_id


def build_exim_path(course_id: str, action: str) -> str:
    """Return the path of a course's export or import."""
    return f"/api/credentials/exim/credentials/course/{quote(course_id, safe=':+')}/{action}/"


def export_course(deployment: Deployment, course_id: str) -> Response:
    """Return the export of a course, which must succeed.

    Raises NotTested for a 403: the admin of a platform need not be one of the Data Manager.
    """
    query = {"platform_org": deployment.settings.org}
    response = deployment.get(build_exim_path(course_id, "export"), query)
    if response.status == 403:
        raise NotTested(NO_DATA_MANAGER_ADMIN)
    check_status(response, 200, "an export")
    return response


def read_exported(response: Response) -> list[dict[str, Any]]:
    """Return the credentials of an export, with or without an envelope."""
    document = read_export(response)
    credentials = document.get("credentials")
    require(isinstance(credentials, list), "an export has no `credentials`", response)
    return credentials  # type: ignore[return-value]


def read_export(response: Response) -> dict[str, Any]:
    """Return the document of an export, with or without an envelope."""
    value = response.value
    document = value.get("result", value) if isinstance(value, dict) else None
    require(isinstance(document, dict), "an export is not an object", response)
    return document  # type: ignore[return-value]


def import_course(deployment: Deployment, course_id: str, body: Any) -> Response:
    """Send an import into a course; raises NotTested if the key may not export it."""
    export_course(deployment, course_id)
    path = build_exim_path(course_id, "import")
    query = f"?platform_org={quote(deployment.settings.org)}"
    return deployment.send_json("POST", path + query, body)


def read_report(response: Response, status: int, what: str) -> dict[str, Any]:
    """Return the report of an import, which must have a status code."""
    check_status(response, status, what)
    value = response.value
    report = value.get("result") if isinstance(value, dict) else None
    if not isinstance(report, dict):
        raise RuleFailed("the response of an import has no `result`", response)
    for name in ("imported_credentials", "errors"):
        require(isinstance(report.get(name), list), f"the report has no `{name}`", response)
    return report


def list_outcomes(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Return name and outcome of each credential that was imported."""
    return [(item["name"], item["status"]) for item in report["imported_credentials"]]
