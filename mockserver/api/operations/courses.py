"""Credentials by course: the courses of a platform with the credentials that belong to them."""

from mockserver.api.context import RequestContext
from mockserver.framework.pagination import paginate, read_page_size
from mockserver.messages import Response
from mockserver.rendering.records import bare_page, course_pieces


def credentials_orgs_users_course_credentials_list(context: RequestContext) -> Response:
    """List the courses that have public credentials, by course id, each with all of them."""
    store, query, platform = context.sandbox.store, context.request.query, context.platform.key
    bounds = context.operation.parameter("page_size").schema
    size = read_page_size(query.get("page_size"), bounds["default"], bounds["maximum"])
    term = query.get("search", "").casefold()
    listed = store.listing(platform).by_course
    courses = sorted(
        each
        for each, records in listed.items()
        if records and (term in each.casefold() or term in store.courses[platform, each].casefold())
    )
    page = paginate(len(courses), query.get("page"), size)
    items = (
        course_pieces(store, (platform, each), reversed(listed[each]))
        for each in courses[page.start : page.stop]
    )
    return bare_page(context.request, page, items, bounds["maximum"], data="results")
