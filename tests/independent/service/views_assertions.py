"""Assertions, and what is counted of them."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q
from rest_framework import generics, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError
from rest_framework.views import APIView

from .access import CredentialAssignmentPermission, IsAnalyst, PlatformMixin
from .choices import chosen, pick
from .models import Assertion, Credential
from .pagination import AssertionPages
from .serializers_assertions import (
    AssertionQuerySerializer,
    AssertionSerializer,
    BulkSerializer,
    IssueSerializer,
    RangeSerializer,
)
from .views import find_credential

RELATED = (
    "credential__issuer__platform",
    "credential__icon_image",
    "credential__background_image",
    "credential__thumbnail_image",
    "recipient",
    "course",
    "program",
)
MANY = (
    "credential__courses",
    "credential__programs",
    "credential__pathways",
    "credential__catalog_items",
    "credential__signatories",
    "credential__issuer__signatories",
)


def assertions() -> Any:
    """Return assertions with what is shown of them."""
    return Assertion.objects.select_related(*RELATED).prefetch_related(*MANY)


def issue(credential: Credential, recipient: User, items: dict[str, Any]) -> Assertion:
    """Issue a credential."""
    now = datetime.now(UTC)
    return Assertion.objects.create(
        credential=credential,
        recipient=recipient,
        issued_on=now,
        expires=credential.expiry(now),
        **items,
    )


class AssertionList(PlatformMixin, generics.ListAPIView):
    """List the assertions of a user."""

    personal = True
    serializer_class = AssertionSerializer
    pagination_class = AssertionPages

    def get_queryset(self) -> Any:
        """Return what the parameters ask for."""
        query = AssertionQuerySerializer(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        place = Q(credential__platform=self.platform)
        if not wanted["exclude_main_tenant_assertions"]:
            place |= Q(credential__platform__is_main=True)
        found = assertions().filter(place, recipient=self.path_user)
        if "course" in wanted:
            found = found.filter(course__course_id=wanted["course"])
        if not wanted["include_revoked"]:
            found = found.filter(revoked=False)
        if not wanted["include_expired"]:
            found = found.unexpired()
        return found


class AssertionDetail(PlatformMixin, generics.GenericAPIView):
    """Show or revoke an assertion."""

    serializer_class = AssertionSerializer
    lookup_field = "entity_id"

    def get_queryset(self) -> Any:
        """Return the platform's, or the user's own."""
        found = assertions().filter(credential__platform=self.platform)
        return found if self.is_admin else found.filter(recipient=self.request.user)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Show it."""
        return Response(self.get_serializer(self.get_object()).data)

    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Revoke or restore it."""
        serializer = self.get_serializer(self.get_object(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)


class CredentialAssertionList(PlatformMixin, generics.GenericAPIView):
    """List the assertions of a credential, or issue one."""

    serializer_class = AssertionSerializer
    pagination_class = AssertionPages

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of them."""
        found = assertions().filter(credential=find_credential(self))
        if not self.is_admin:
            found = found.filter(recipient=request.user)
        page = self.paginate_queryset(found)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Issue it to one user."""
        credential = find_credential(self)
        serializer = IssueSerializer(data=request.data, context={"credential": credential})
        serializer.is_valid(raise_exception=True)
        items = dict(serializer.validated_data)
        name = items.pop("recipient")["identity"]
        recipient = User.objects.filter(username=name).first()
        if recipient is None:
            text = f"Object with username={name} does not exist."
            raise ValidationError({"recipient": {"identity": [text]}})
        if chosen("reissue_refused"):
            held = credential.assertions.active().filter(recipient=recipient)
            if held.exists():
                raise ValidationError({"recipient": ["The user holds this credential."]})
        assertion = issue(credential, recipient, items)
        shown = self.get_serializer(assertion).data
        return Response(shown, status=pick("issue_200", 200, 201))


class BulkAssertionList(PlatformMixin, APIView):
    """Issue a credential to many users."""

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Issue it to those who are known and do not hold it."""
        credential = find_credential(self)
        serializer = BulkSerializer(data=request.data, context={"credential": credential})
        serializer.is_valid(raise_exception=True)
        items = dict(serializer.validated_data)
        issued, skipped = [], []
        for name in dict.fromkeys(items.pop("users")):
            recipient = User.objects.filter(username=name).first()
            held = recipient and credential.assertions.active().filter(recipient=recipient).exists()
            if recipient is None and chosen("bulk_strict"):
                text = f"Object with username={name} does not exist."
                raise ValidationError({"users": [text]})
            if recipient is None or held:
                skipped.append(name)
            else:
                made = issue(credential, recipient, items)
                issued.append(pick("bulk_ids", made.entity_id, name))
        code = pick("bulk_201", status.HTTP_201_CREATED, status.HTTP_200_OK)
        return Response({"skipped": skipped, "issued": issued}, status=code)


class PublicAssertion(APIView):
    """Show an assertion to anybody."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request, entity_id: str) -> Response:
        """Show it unless it is revoked."""
        assertion = assertions().filter(entity_id=entity_id).first()
        if assertion is None:
            return Response(status=status.HTTP_404_NOT_FOUND)
        if assertion.revoked:
            body = {
                "detail": "This assertion has been revoked.",
                "revocationReason": assertion.revocation_reason,
            }
            if chosen("revoked_detail"):
                body = {"detail": f"Revoked: {assertion.revocation_reason}"}
            return Response(body, status=status.HTTP_404_NOT_FOUND)
        return Response(AssertionSerializer(assertion, context={"request": request}).data)


class OverTime(PlatformMixin, APIView):
    """Count something by day."""

    model: Any = Assertion
    date_field = "issued_on"
    with_meta = False
    permission_classes = [IsAuthenticated, IsAnalyst]

    def records(self, wanted: dict[str, Any]) -> Any:
        """Return what is counted."""
        place = Q(credential__platform=self.platform)
        if wanted["include_main_platform"]:
            place |= Q(credential__platform__is_main=True)
        found = Assertion.objects.filter(place)
        if "department_id" in wanted:
            found = found.filter(recipient__departments__pk=wanted["department_id"])
        return found

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the counts."""
        query = RangeSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        days = [
            moment.date()
            for moment in self.records(wanted).order_by().values_list(self.date_field, flat=True)
        ]
        start, end = wanted.get("start_date"), wanted.get("end_date")
        body: dict[str, Any] = {"data": self.count(days, start, end)}
        if self.with_meta:
            body["total"] = sum(body["data"].values())
            body["meta"] = self.changes(days, start, end)
        return Response(body)

    @staticmethod
    def count(days: list[date], start: date | None, end: date | None) -> dict[str, int]:
        """Return a count for each day, zeros too where a range is given."""
        counts = Counter(
            day for day in days if (not start or day >= start) and (not end or day <= end)
        )
        if start and end:
            numbers = range(start.toordinal(), end.toordinal() + 1)
            return {str(day): counts[day] for day in map(date.fromordinal, numbers)}
        return {str(day): counts[day] for day in sorted(counts)}

    @staticmethod
    def changes(days: list[date], start: date | None, end: date | None) -> dict[str, Any]:
        """Return totals and changes."""
        today = datetime.now(UTC).date()

        def between(first: int, last: int) -> int:
            return sum(first <= day.toordinal() <= last for day in days)

        def change(last: int, length: int) -> tuple[int, float]:
            now = between(last - length + 1, last)
            before = between(last - 2 * length + 1, last - length)
            return now - before, round((now - before) * 100 / before, 2) if before else 0.0

        seven, seven_percent = change(today.toordinal(), 7)
        thirty, thirty_percent = change(today.toordinal(), 30)
        first = start or min(days, default=today)
        last = end or today
        length = max((last - first + timedelta(days=1)).days, 1)
        in_range, range_percent = change(last.toordinal(), length)
        return {
            "total": len(days),
            "change_range": in_range,
            "change_last_seven_days": seven,
            "change_last_thirty_days": thirty,
            "change_last_seven_days_percent": seven_percent,
            "change_last_thirty_days_percent": thirty_percent,
            "change_range_percent": range_percent,
        }


class AssertionsOverTime(OverTime):
    """Count assertions by day."""

    with_meta = True


class CourseAssertionsOverTime(OverTime):
    """Count assertions of courses by day."""

    def records(self, wanted: dict[str, Any]) -> Any:
        """Leave out what was not issued for a course."""
        return super().records(wanted).exclude(course=None)


class CredentialsOverTime(OverTime):
    """Count credentials by day."""

    date_field = "created_at"
    permission_classes = [IsAuthenticated, CredentialAssignmentPermission]

    def records(self, wanted: dict[str, Any]) -> Any:
        """Count credentials."""
        place = Q(platform=self.platform)
        if wanted["include_main_platform"]:
            place |= Q(platform__is_main=True)
        return Credential.objects.filter(place)
