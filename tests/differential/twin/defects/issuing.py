# ruff: noqa: D401 - a sentence here is about the deployment, not about the function
"""Defects of issuing, expiry and revocation after a bulk endpoint, a cache or a rewritten query."""

import calendar
import time
from typing import Any

from rest_framework.response import Response

from tests.differential.twin.defects.defect import Defect, Twin, around, defect, instead_of

SECONDS_CACHED = 5


def change_issue(twin: Twin, change: Any) -> None:
    """Issue something else than was asked for; the function gets the credential, too."""

    @around(twin.serializers.OriginBody)
    def issue(original: Any, self: Any, recipient: Any, said: dict[str, Any]) -> Any:
        return original(self, recipient, change(self.context["credential"], dict(said)))


def change_validity(twin: Twin, change: Any) -> None:
    """Let what is issued end at another time."""

    @around(twin.models.Credential)
    def end_of_validity(original: Any, self: Any, issued_on: Any) -> Any:
        end = original(self, issued_on)
        return end and change(self, issued_on, end)


def change_revocation(twin: Twin, change: Any) -> None:
    """Change an assertion beside what a revocation or its undoing changes."""

    @around(twin.serializers.RevocationBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        stored = original(self, instance, sent)
        change(stored)
        stored.save()
        return stored


def accept_items(twin: Twin, *names: str, body: str = "OriginBody") -> None:
    """Accept these items whether the credential is attached to them or not."""

    @around(getattr(twin.serializers, body))
    def require_item(original: Any, self: Any, attrs: dict[str, Any]) -> None:
        if not any(attrs.get(name) is not None for name in names):
            original(self, attrs)


@defect
def any_catalog_item_is_accepted(twin: Twin) -> None:
    """A catalogue item is a text, and nobody asks whether the credential is attached to it."""
    accept_items(twin, "catalog_item")


@defect
def any_pathway_is_accepted(twin: Twin) -> None:
    """A pathway of the platform will do, attached or not."""
    accept_items(twin, "pathway")


@defect
def any_program_is_accepted(twin: Twin) -> None:
    """A program of the platform will do, attached or not."""
    accept_items(twin, "program")


@defect
def bulk_takes_any_course(twin: Twin) -> None:
    """Issuing in bulk does not ask whether the credential is attached to the course."""
    accept_items(twin, "course", body="BulkAssertionBody")


@defect
def weeks_have_five_days(twin: Twin) -> None:
    """A week is counted in working days."""

    def change(credential: Any, issued_on: Any, end: Any) -> Any:
        is_weeks = credential.expires_duration == "weeks"
        return issued_on + (end - issued_on) * 5 / 7 if is_weeks else end

    change_validity(twin, change)


@defect
def months_stay_within_the_year(twin: Twin) -> None:
    """Months are added to the month, and the year is forgotten: in autumn a year's end is past."""

    def change(credential: Any, issued_on: Any, end: Any) -> Any:
        return (
            end.replace(year=issued_on.year, day=min(end.day, 28))
            if (credential.expires_duration == "months")
            else end
        )

    change_validity(twin, change)


@defect
def months_end_on_their_last_day(twin: Twin) -> None:
    """What ends in a month ends with it: the day is the last one."""

    def change(credential: Any, _issued_on: Any, end: Any) -> Any:
        last = calendar.monthrange(end.year, end.month)[1]
        return end.replace(day=last) if credential.expires_duration == "months" else end

    change_validity(twin, change)


@defect
def everything_lasts_one_unit(twin: Twin) -> None:
    """The amount is not read: whatever it is, one day, month or year is added."""

    def change(credential: Any, issued_on: Any, end: Any) -> Any:
        return issued_on + (end - issued_on) / abs(credential.expires_amount)

    change_validity(twin, change)


@defect
def nothing_is_born_expired(twin: Twin) -> None:
    """A negative amount is taken for none: what should have expired at its issue never does."""
    change_validity(twin, lambda _credential, issued_on, end: end if end > issued_on else None)


@defect
def bulk_never_expires(twin: Twin) -> None:
    """Issuing in bulk inserts the rows itself, and computes no end."""

    @around(twin.serializers.BulkAssertionBody)
    def issue(original: Any, self: Any, recipient: Any, said: dict[str, Any]) -> Any:
        stored = original(self, recipient, said)
        stored.expires = None
        stored.save()
        return stored


@defect
def bulk_forgets_the_course(twin: Twin) -> None:
    """Issuing in bulk inserts the rows itself, and without the course."""

    @around(twin.serializers.BulkAssertionBody)
    def issue(original: Any, self: Any, recipient: Any, said: dict[str, Any]) -> Any:
        return original(self, recipient, {k: v for k, v in said.items() if k != "course"})


@defect
def bulk_ends_at_the_first_holder(twin: Twin) -> None:
    """The loop ends at the first user who is skipped: the ones behind are in neither list."""

    @around(twin.serializers.BulkAssertionBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        users = []
        for user in sent["users"]:
            users.append(user)
            if self.context["credential"].is_held_by(user):
                break
        return original(self, {**sent, "users": users})


@defect
def bulk_skips_who_holds_anything(twin: Twin) -> None:
    """A user who holds any credential at all is skipped."""

    @instead_of(twin.models.Credential)
    def is_held_by(self: Any, user: Any) -> bool:
        held = twin.models.Assertion.objects.filter(recipient=user, revoked=False)
        return bool(held.exists())


@defect
def bulk_skips_who_held_it(twin: Twin) -> None:
    """A user who holds an expired assertion is skipped as if it held."""

    @instead_of(twin.models.Credential)
    def is_held_by(self: Any, user: Any) -> bool:
        return bool(self.assertions.filter(revoked=False, recipient=user).exists())


@defect
def bulk_gives_everything_to_the_first(twin: Twin) -> None:
    """A variable of the loop is used too late: all assertions are the first user's."""

    @around(twin.serializers.BulkAssertionBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        first = sent["users"][0]
        issue = type(self).issue
        self.issue = lambda _user, said: issue(self, first, said)
        return original(self, sent)


@defect
def expired_ones_keep_their_credential(twin: Twin) -> None:
    """Only a revocation lets go of a credential: with an expired assertion a deletion is 409."""

    @instead_of(twin.models.Credential)
    def has_active_assertions(self: Any) -> bool:
        return bool(self.assertions.filter(revoked=False).exists())


@defect
def the_newest_assertion_decides(twin: Twin) -> None:
    """A deletion looks at the newest assertion: if that is revoked, older ones go along."""

    @instead_of(twin.models.Credential)
    def has_active_assertions(self: Any) -> bool:
        newest = self.assertions.order_by("-issued_on", "-pk").first()
        return newest is not None and not newest.revoked


@defect
def the_conflict_comes_too_late(twin: Twin) -> None:
    """The 409 of a deletion is answered after the item was made private."""

    @around(twin.views.CredentialView)
    def delete(original: Any, self: Any, request: Any, **names: str) -> Any:
        credential = self.get_object()
        if credential.has_active_assertions():
            credential.public = False
            credential.save()
        return original(self, request, **names)


@defect
def a_revocation_ends_the_validity(twin: Twin) -> None:
    """What is revoked gets now as the end of its validity."""

    def change(assertion: Any) -> None:
        if assertion.revoked:
            assertion.expires = twin.models.clock.now()

    change_revocation(twin, change)


@defect
def a_revocation_renews_the_issue(twin: Twin) -> None:
    """The time of issue is set at every save: what is revoked moves to the top."""

    def change(assertion: Any) -> None:
        assertion.issued_on = twin.models.clock.now()

    change_revocation(twin, change)


@defect
def a_revocation_rejects(twin: Twin) -> None:
    """What is revoked counts as rejected by its holder."""

    def change(assertion: Any) -> None:
        if assertion.revoked:
            assertion.acceptance = "Rejected"

    change_revocation(twin, change)


@defect
def a_revocation_hides_the_item(twin: Twin) -> None:
    """A revoked assertion is 404 by its id."""

    @around(twin.assertions.AssertionView)
    def get(original: Any, self: Any, request: Any, **names: str) -> Any:
        if self.get_object().revoked:
            return Response({"detail": "No Assertion matches the given query."}, status=404)
        return original(self, request, **names)


@defect
def the_first_reason_stays(twin: Twin) -> None:
    """Another reason for what is revoked is answered and not stored."""

    @around(twin.serializers.RevocationBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        if instance.revoked and sent["revoked"]:
            instance.revocation_reason = sent["reason"]
            return instance
        return original(self, instance, sent)


@defect
def the_look_up_is_cached(twin: Twin) -> None:
    """The public look-up is cached for seconds: what was revoked is shown as if it held."""
    shown: dict[str, tuple[float, Any]] = {}

    @around(twin.assertions.PublicAssertionView)
    def get(original: Any, self: Any, request: Any, entity_id: str) -> Any:
        stored, data = shown.get(entity_id, (float("-inf"), None))
        if time.monotonic() - stored < SECONDS_CACHED:
            return Response(data)
        response = original(self, request, entity_id=entity_id)
        if response.status_code == 200:
            shown[entity_id] = (time.monotonic(), response.data)
        return response


@defect
def the_look_up_remembers_revocations(twin: Twin) -> None:
    """The list of what is revoked only grows: what was taken back stays 404 to the public."""
    revoked: dict[str, Any] = {}

    @around(twin.assertions.PublicAssertionView)
    def refused(original: Any, self: Any, assertion: Any) -> Any:
        revoked[assertion.entity_id] = assertion
        return original(self, assertion)

    @around(twin.assertions.PublicAssertionView)
    def get(original: Any, self: Any, request: Any, entity_id: str) -> Any:
        if entity_id in revoked:
            return self.refused(revoked[entity_id])
        return original(self, request, entity_id=entity_id)


@defect
def expired_ones_cannot_be_looked_up(twin: Twin) -> None:
    """The public look-up finds what holds: an expired assertion is 404, as if it never was."""

    @around(twin.assertions.PublicAssertionView)
    def get(original: Any, self: Any, request: Any, entity_id: str) -> Any:
        holds = twin.models.Assertion.objects.filter(twin.models.not_expired())
        if not holds.filter(entity_id=entity_id).exists():
            return Response(status=404)
        return original(self, request, entity_id=entity_id)


@defect
def a_credentials_validity_is_of_all(twin: Twin) -> None:
    """A change of `expires` is applied to what was issued before."""

    @around(twin.serializers.CredentialBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        stored = original(self, instance, sent)
        if "expires" in sent:
            for assertion in stored.assertions.all():
                assertion.expires = stored.end_of_validity(assertion.issued_on)
                assertion.save()
        return stored


@defect
def the_user_of_the_path_receives(twin: Twin) -> None:
    """The recipient of the body is validated, and the user of the path is issued the credential."""

    @around(twin.assertions.CredentialAssertionsView)
    def body_context(original: Any, self: Any) -> dict[str, Any]:
        return {**original(self), "receiver": self.require_user()}

    @around(twin.serializers.OriginBody)
    def issue(original: Any, self: Any, recipient: Any, said: dict[str, Any]) -> Any:
        return original(self, self.context.get("receiver", recipient), said)


@defect
def the_first_course_is_meant(twin: Twin) -> None:
    """Whatever course was sent, the first one of the credential is stored."""

    def change(credential: Any, said: dict[str, Any]) -> dict[str, Any]:
        course = said.get("course") and credential.courses.order_by("pk").first()
        return {**said, "course": course} if course else said

    change_issue(twin, change)


@defect
def lists_lack_the_course(twin: Twin) -> None:
    """Lists of assertions were made lighter: `course` and `program` are null in them."""

    @around(twin.assertions)
    def paginated(original: Any, view: Any, pagination: Any, assertions: Any) -> Response:
        response = original(view, pagination, assertions)
        for each in response.data["data"]:
            each["course"] = each["program"] = None
        return response


@defect
def issuing_in_bulk_tells_names(twin: Twin) -> None:
    """The report of a bulk has the names of the users, and not their usernames."""

    @around(twin.serializers.BulkAssertionBody)
    def create(original: Any, self: Any, sent: dict[str, Any]) -> Any:
        names = {user.username: user.name for user in sent["users"]}
        told = original(self, sent)
        return {kind: [names[each] for each in users] for kind, users in told.items()}


@defect
def an_empty_bulk_is_a_500(twin: Twin) -> None:
    """A bulk for nobody is not refused: its first user is asked for, and is not there."""

    @around(twin.serializers.BulkAssertionBody)
    def to_internal_value(original: Any, self: Any, data: Any) -> Any:
        if data.get("users") == []:
            raise IndexError("list index out of range")
        return original(self, data)


@defect
def reasons_are_cut_at_one_hundred(twin: Twin) -> None:
    """The reason of a revocation has a column of 100 characters: the rest is cut off."""

    @around(twin.serializers.RevocationBody)
    def update(original: Any, self: Any, instance: Any, sent: dict[str, Any]) -> Any:
        reason = sent["reason"]
        return original(self, instance, {**sent, "reason": reason and reason[:100]})


@defect
def a_reason_alone_revokes(twin: Twin) -> None:
    """To send a reason is to revoke: a body without `revoked` takes the assertion away."""

    @around(twin.serializers.RevocationBody)
    def validate(original: Any, self: Any, attrs: dict[str, Any]) -> dict[str, Any]:
        revokes = {"revoked": True} if attrs.get("revocationReason") else {}
        return original(self, {**revokes, **attrs})


ISSUING: tuple[Defect, ...] = (
    any_catalog_item_is_accepted,
    any_pathway_is_accepted,
    any_program_is_accepted,
    bulk_takes_any_course,
    weeks_have_five_days,
    months_stay_within_the_year,
    months_end_on_their_last_day,
    everything_lasts_one_unit,
    nothing_is_born_expired,
    bulk_never_expires,
    bulk_forgets_the_course,
    bulk_ends_at_the_first_holder,
    bulk_skips_who_holds_anything,
    bulk_skips_who_held_it,
    bulk_gives_everything_to_the_first,
    expired_ones_keep_their_credential,
    the_newest_assertion_decides,
    the_conflict_comes_too_late,
    a_revocation_ends_the_validity,
    a_revocation_renews_the_issue,
    a_revocation_rejects,
    a_revocation_hides_the_item,
    the_first_reason_stays,
    the_look_up_is_cached,
    the_look_up_remembers_revocations,
    expired_ones_cannot_be_looked_up,
    a_credentials_validity_is_of_all,
    the_user_of_the_path_receives,
    the_first_course_is_meant,
    lists_lack_the_course,
    issuing_in_bulk_tells_names,
    an_empty_bulk_is_a_500,
    reasons_are_cut_at_one_hundred,
    a_reason_alone_revokes,
)
