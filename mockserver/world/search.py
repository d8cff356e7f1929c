"""Filter and search: pure functions over records that are already in order."""

from collections.abc import Sequence

from mockserver.world.ordered import OrderedRecords
from mockserver.world.records import SEPARATOR, Credential
from mockserver.world.store import NOTHING, Listing


def select_credentials(
    listing: Listing, search: str | None, course: str | None, program: str | None
) -> Sequence[Credential]:
    """Return the listed credentials that pass every filter that is not empty."""
    records: OrderedRecords[Credential] = listing.all
    if course:
        records = listing.by_course.get(course, NOTHING)
    elif program:
        records = listing.by_program.get(program, NOTHING)
    found = search_credentials(records, search) if search else records
    if course and program:
        return [credential for credential in found if program in credential.fields["programs"]]
    return found


def search_credentials(credentials: Sequence[Credential], search: str) -> list[Credential]:
    """Return the credentials in one of whose texts a term occurs, in any case."""
    term = search.casefold()
    if SEPARATOR in term:  # which stands between the texts
        return []
    return [credential for credential in credentials if term in credential.searchable]
