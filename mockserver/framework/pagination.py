"""Pages and windows of a result: what Django REST Framework's paginators do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mockserver.errors import NotFound
from mockserver.messages import Request

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a result of `count` items; `start` and `stop` are offsets into it."""

    number: int
    size: int
    count: int

    @property
    def num_pages(self) -> int:
        """Pages in all; nothing found is one empty page."""
        return max(1, -(-self.count // self.size))

    @property
    def start(self) -> int:
        """Offset of the first item."""
        return (self.number - 1) * self.size

    @property
    def stop(self) -> int:
        """Offset behind the last item."""
        return min(self.start + self.size, self.count)

    def next(self, request: Request) -> str | None:
        """Return the address of the page after this one."""
        return request.link(page=str(self.number + 1)) if self.number < self.num_pages else None

    def previous(self, request: Request) -> str | None:
        """Return the address of the page before this one; the first page's has no `page`."""
        if self.number == 1:
            return None
        return request.link(page=str(self.number - 1) if self.number > 2 else None)


@dataclass(frozen=True, slots=True)
class Window:
    """A cut out of a result of `count` items by limit and offset, described as a page."""

    limit: int
    offset: int
    count: int

    @property
    def num_pages(self) -> int:
        """Windows of this size in all."""
        return max(1, -(-self.count // self.limit))

    @property
    def number(self) -> int:
        """The window that the offset lies in; behind the end, the last one."""
        return min(self.offset // self.limit + 1, self.num_pages)

    @property
    def start(self) -> int:
        """Offset of the first item."""
        return self.offset

    @property
    def stop(self) -> int:
        """Offset behind the last item."""
        return min(self.offset + self.limit, self.count)

    def next(self, request: Request) -> str | None:
        """Return the address of the window after this one."""
        behind = self.offset + self.limit
        if behind >= self.count:
            return None
        return request.link(limit=str(self.limit), offset=str(behind))

    def previous(self, request: Request) -> str | None:
        """Return the address of the window before this one; the first one's has no `offset`."""
        if self.offset <= 0:
            return None
        before = self.offset - self.limit
        return request.link(limit=str(self.limit), offset=str(before) if before > 0 else None)


def read_window(query: Mapping[str, str], count: int, default: int, maximum: int) -> Window | None:
    """Read `limit` and `offset`; None where neither is sent, or a page is asked for as well."""
    if not query.keys() & {"limit", "offset"} or query.keys() & {"page", "page_size"}:
        return None
    try:
        offset = max(0, int(query.get("offset", "")))
    except ValueError:
        offset = 0
    return Window(read_page_size(query.get("limit"), default, maximum), offset, count)


def read_page_size(text: str | None, default: int, maximum: int) -> int:
    """Read `page_size`: an unusable one is the default, one over the maximum is capped."""
    try:
        size = int(text or "")
    except ValueError:
        return default
    return min(size, maximum) if size > 0 else default


def paginate(count: int, page: str | None, size: int) -> Page:
    """Read `page` against a result of `count` items; raises NotFound("Invalid page.").

    The arithmetic of Django's Paginator: an empty `page` is page 1, `last` the last one.
    """
    pages = Page(1, size, count)
    if page == "last":
        return Page(pages.num_pages, size, count)
    try:
        number = int(page or 1)
    except ValueError:
        raise NotFound("Invalid page.") from None
    if not 1 <= number <= pages.num_pages:
        raise NotFound("Invalid page.")
    return Page(number, size, count)


def newest_first(records: Sequence[Record], page: Page) -> Sequence[Record]:
    """Cut a page out of records that stand in the order of creation."""
    stop = page.count - page.start
    return records[page.count - page.stop : stop][::-1]
