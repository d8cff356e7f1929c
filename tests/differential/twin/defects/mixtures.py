"""Mixtures of two defects, of which the one may hide the other."""

from tests.differential.twin.defects import (
    access,
    filters,
    issuing,
    lists,
    narrowing,
    pages,
    pagination,
    roles,
    search,
    signing,
    state,
    tenants,
    updates,
)
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
    mixed(lists.counts_are_cached_for_seconds, narrowing.searches_are_cached_for_seconds),
    mixed(
        updates.lists_show_the_courses_of_the_creation, narrowing.courses_are_filtered_as_they_were
    ),
    mixed(state.item_cache_outlives_an_update, state.list_is_cached_for_seconds),
    mixed(signing.issuer_lists_are_cached, signing.lists_show_old_issuers),
    mixed(issuing.expired_ones_cannot_be_looked_up, lists.a_credentials_list_hides_expired_ones),
    mixed(updates.the_same_name_is_the_same_credential, state.ids_are_reused),
    mixed(lists.links_lose_the_program, narrowing.a_search_gives_way_to_a_program),
    mixed(tenants.other_platforms_issue, tenants.other_platforms_revoke),
    mixed(search.list_shows_private, pagination.count_includes_private),
    mixed(issuing.bulk_never_expires, issuing.nothing_is_born_expired),
)
