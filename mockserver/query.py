"""Filter, search and page: pure functions over records that are already in order."""

from collections.abc import Sequence
from dataclasses import dataclass

from mockserver.errors import NotFound
from mockserver.store import Credential, Listing


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

    @property
    def next(self) -> int | None:
        """Number of the page after this one."""
        return self.number + 1 if self.number < self.num_pages else None

    @property
    def previous(self) -> int | None:
        """Number of the page before this one."""
        return self.number - 1 if self.number > 1 else None


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


def newest_first(records: Sequence[Credential], page: Page) -> Sequence[Credential]:
    """Cut a page out of records that stand in the order of creation."""
    stop = page.count - page.start
    return records[page.count - page.stop : stop][::-1]


def select(
    listing: Listing, search: str | None, course: str | None, program: str | None
) -> Sequence[Credential]:
    """Return the listed credentials that pass every filter that is not empty."""
    if course:
        records = listing.by_course.get(course, [])
        if program:
            records = [each for each in records if program in each.fields["programs"]]
    elif program:
        records = listing.by_program.get(program, [])
    else:
        records = listing.all
    if search:
        term = search.casefold()
        records = [each for each in records if any(term in text for text in each.searchable)]
    return records
