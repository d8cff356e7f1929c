"""Credentials by course: the courses of a platform with the credentials that belong to them."""

from mockserver.api.context import RequestContext
from mockserver.messages import Response
from mockserver.rendering.pages import render_page
from mockserver.world.letters import to_upper


def credentials_orgs_users_course_credentials_list(context: RequestContext) -> Response:
    """List the courses that have public credentials, by course id, each with all of them."""
    store, query, platform = context.store, context.request.query, context.platform.key
    term = to_upper(query.get("search", ""))
    by_course = store.listing(platform).by_course
    courses = sorted(
        course
        for course, credentials in by_course.items()
        if credentials
        and (term in to_upper(course) or term in to_upper(store.courses[platform, course]))
    )
    page = context.read_page(len(courses))
    items = (
        context.renderer.render_course(store, (platform, course), reversed(by_course[course]))
        for course in courses[page.start : page.stop]
    )
    return render_page(context.request, page, items, context.maximum_page_size, data="results")
