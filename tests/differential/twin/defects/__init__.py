"""The broken deployments: mistakes of the twin that can be switched on, one at a time."""

import difflib
from collections.abc import Mapping

from tests.differential.twin.defects.access import ACCESS
from tests.differential.twin.defects.answers import ANSWERS
from tests.differential.twin.defects.assertions import ASSERTIONS
from tests.differential.twin.defects.defect import Defect, Twin
from tests.differential.twin.defects.errors import ERRORS
from tests.differential.twin.defects.filters import FILTERS
from tests.differential.twin.defects.issuers import ISSUERS
from tests.differential.twin.defects.issuing import ISSUING
from tests.differential.twin.defects.lists import LISTS
from tests.differential.twin.defects.mixtures import MIXTURES
from tests.differential.twin.defects.narrowing import NARROWING
from tests.differential.twin.defects.pages import PAGES
from tests.differential.twin.defects.pagination import PAGINATION
from tests.differential.twin.defects.protocol import PROTOCOL
from tests.differential.twin.defects.roles import ROLES
from tests.differential.twin.defects.schema import SCHEMA
from tests.differential.twin.defects.search import SEARCH
from tests.differential.twin.defects.signing import SIGNING
from tests.differential.twin.defects.state import STATE
from tests.differential.twin.defects.tenants import TENANTS
from tests.differential.twin.defects.updates import UPDATES
from tests.differential.twin.defects.writes import WRITES

DEFECTS: Mapping[str, Defect] = {
    each.id: each
    for each in (
        *(*SCHEMA, *ERRORS, *PAGINATION, *SEARCH, *STATE, *ACCESS, *PROTOCOL),
        *(*ISSUERS, *ASSERTIONS),
        *(*LISTS, *NARROWING, *UPDATES, *ISSUING, *SIGNING, *TENANTS, *ANSWERS),
        *(*PAGES, *FILTERS, *WRITES, *ROLES, *MIXTURES),
    )
}


def near_matches(defect_id: str) -> list[str]:
    """Return the ids that somebody may have meant."""
    inside = [known for known in DEFECTS if defect_id in known]
    return inside or difflib.get_close_matches(defect_id, DEFECTS, n=5, cutoff=0.4)


def switch_on(defect_id: str) -> None:
    """Break the twin of this process for good; an empty id leaves it sound."""
    if defect_id:
        DEFECTS[defect_id].apply(Twin.of_this_process())
