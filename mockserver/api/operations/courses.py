"""Credentials by course: the courses of a platform with the credentials that belong to them."""

from mockserver.api.context import RequestContext
from mockserver.framework.pagination import paginate, read_page_size
from mockserver.messages import Response
from mockserver.rendering.pages import render_bare_page


def credentials_orgs_users_course_credentials_list(context: RequestContext) -> Response:
    """List the courses that have public credentials, by course id, each with all of them."""
    store, query, platform = context.store, context.request.query, context.platform.key
    bounds = context.operation.parameter("page_size").schema
    size = read_page_size(query.get("page_size"), bounds["default"], bounds["maximum"])
    term = query.get("search", "").casefold()
    by_course = store.listing(platform).by_course
    courses = sorted(
        course
        for course, credentials in by_course.items()
        if credentials
        and (term in course.casefold() or term in store.courses[platform, course].casefold())
    )
    page = paginate(len(courses), query.get("page"), size)
    items = (
        context.renderer.render_course(store, (platform, course), reversed(by_course[course]))
        for course in courses[page.start : page.stop]
    )
    return render_bare_page(context.request, page, items, bounds["maximum"], data="results")
