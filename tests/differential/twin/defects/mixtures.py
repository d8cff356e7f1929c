"""Mixtures of two defects, of which the one may hide the other."""

from tests.differential.twin.defects import access, filters, pages, pagination, roles, search, state
from tests.differential.twin.defects.defect import Defect, mixed

MIXTURES: tuple[Defect, ...] = (
    mixed(search.search_is_case_sensitive, pagination.links_lose_the_search),
    mixed(pages.counts_end_at_fifty, pages.the_last_page_is_filled_up),
    mixed(pages.pages_of_one_are_pages_of_ten, pagination.no_link_leads_back),
    mixed(filters.exact_names_find_drafts, pagination.count_is_of_the_page),
    mixed(state.deleted_item_is_answered_from_a_cache, roles.a_head_of_a_draft_is_answered),
    mixed(access.learner_may_create, roles.learners_update_below_their_own_path),
    mixed(filters.searches_lose_their_digits, state.metadata_is_replaced),
    mixed(search.course_filter_finds_parts, filters.only_the_first_program_counts),
)
