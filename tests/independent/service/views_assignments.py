"""Assignments of credentials to users and groups."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.shortcuts import get_object_or_404
from rest_framework import generics
from rest_framework.exceptions import PermissionDenied
from rest_framework.filters import SearchFilter
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from .access import (
    AssignmentPermission,
    PlatformMixin,
    administered_departments,
    is_platform_admin,
)
from .models import Assertion, Assignment, Credential, UserGroup
from .pagination import WrappedPages, wrap
from .serializers_assertions import GroupAssignmentSerializer, UserAssignmentSerializer
from .views import described


def assign(view: Any, credential: Credential, user: User, parent: Any = None) -> Assignment:
    """Assign a credential to a user, and issue it."""
    admin = view.request.user
    assignment = Assignment.objects.create(
        platform=view.platform, credential=credential, user=user, parent=parent, assigned_by=admin
    )
    Assertion.objects.create(
        credential=credential,
        recipient=user,
        assignment=assignment,
        issued_on=assignment.assigned_at,
        expires=credential.expiry(assignment.assigned_at),
        metadata={
            "org_id": view.platform.org,
            "assigned_at": assignment.assigned_at.isoformat().replace("+00:00", "Z"),
            "assigned_by": admin.username,
            "assigned_by_id": admin.pk,
            "assignment_id": assignment.entity_id,
            "issuance_type": "manual" if parent is None else "group",
        },
    )
    return assignment


def show(assignment: Assignment) -> dict[str, Any]:
    """Return an assignment's fields."""
    shown: dict[str, Any] = {
        "entity_id": assignment.entity_id,
        "credential_id": assignment.credential.entity_id,
        "credential_name": assignment.credential.name,
        "platform_key": assignment.platform.key,
        "status": assignment.status,
        "assigned_by": assignment.assigned_by.username,
        "assigned_at": assignment.assigned_at.isoformat().replace("+00:00", "Z"),
    }
    if assignment.group:
        return {
            **shown,
            "group_id": assignment.group.entity_id,
            "group_name": assignment.group.name,
        }
    user = assignment.user
    return {**shown, "user_id": user.pk, "username": user.username, "email": user.email}


class AssignmentList(PlatformMixin, generics.GenericAPIView):
    """List assignments, or make some."""

    personal = True
    permission_classes = [IsAuthenticated, AssignmentPermission]
    pagination_class = WrappedPages
    filter_backends = [SearchFilter]
    queryset = Assignment.objects.select_related(
        "credential", "platform", "user", "group", "assigned_by"
    )

    def page(self) -> Response:
        """Answer with a page."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([show(assignment) for assignment in page])

    def may_assign(self, user: User) -> bool:
        """Tell whether the one who asks may assign to the user."""
        if not user.memberships.filter(platform=self.platform).exists():
            return False
        departments = administered_departments(self.request.user, self.platform)
        return self.is_admin or departments.filter(members=user).exists()


class UserAssignmentList(AssignmentList):
    """Assignments to users."""

    serializer_class = UserAssignmentSerializer
    search_fields = [
        "credential__name",
        "credential__description",
        "user__username",
        "user__email",
        "user__first_name",
        "user__last_name",
        "assigned_by__username",
    ]

    def get_queryset(self) -> Any:
        """Return what the user of the path may see."""
        found = super().get_queryset().filter(platform=self.platform, group=None)
        found = found.filter(status="COMPLETED", assertion__revoked=False)
        if is_platform_admin(self.path_user, self.platform):
            return found
        departments = administered_departments(self.path_user, self.platform)
        if departments.exists():
            return found.filter(user__departments__in=departments).distinct()
        return found.filter(user=self.path_user)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Refuse where there is nothing to see."""
        if not self.filter_queryset(self.get_queryset()).exists():
            raise PermissionDenied("You don't have permission to view these assignments")
        return self.page()

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Assign a credential to users."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        credential = serializer.validated_data["credential_id"]
        done, failed = [], []
        for number in dict.fromkeys(serializer.validated_data["user_ids"]):
            user = User.objects.filter(pk=number).first()
            if user is None or not self.may_assign(user):
                failed.append({"user_id": number, "error": "User not found on this platform."})
            else:
                done.append(show(assign(self, credential, user)))
        message = f"Assigned to {len(done)} users."
        result = {"successful_assignments": done, "failed_assignments": failed, "message": message}
        return wrap(result)


class GroupAssignmentList(AssignmentList):
    """Assignments to groups."""

    serializer_class = GroupAssignmentSerializer
    search_fields = ["credential__name", "group__name", "platform__name", "assigned_by__username"]

    def groups(self, user: User) -> Any:
        """Return the groups that a user may see."""
        found = UserGroup.objects.filter(platform=self.platform)
        if is_platform_admin(user, self.platform):
            return found
        departments = administered_departments(user, self.platform)
        return found.filter(Q(department__in=departments) | Q(members=user)).distinct()

    def get_queryset(self) -> Any:
        """Return the assignments to those groups."""
        found = super().get_queryset().filter(group__in=self.groups(self.path_user))
        if group := self.request.query_params.get("group_id"):
            found = found.filter(group__entity_id=group)
        return found

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page."""
        return self.page()

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Accept an assignment to groups; their users get it afterwards."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        credential = serializer.validated_data["credential_id"]
        groups = UserGroup.objects.filter(platform=self.platform)
        if not self.is_admin:
            departments = administered_departments(request.user, self.platform)
            groups = groups.filter(department__in=departments)
        done, failed = [], []
        for name in dict.fromkeys(serializer.validated_data["group_ids"]):
            group = groups.filter(entity_id=name).first()
            if group is None:
                failed.append({"group_id": name, "error": "Group not found."})
                continue
            assignment = Assignment.objects.create(
                platform=self.platform,
                credential=credential,
                group=group,
                assigned_by=request.user,
                status="PENDING",
            )
            transaction.on_commit(lambda made=assignment: self.complete(made))
            done.append(show(assignment))
        return wrap({"successful_assignments": done, "failed_assignments": failed})

    @transaction.atomic
    def complete(self, assignment: Assignment) -> None:
        """Assign the credential to the users of the group."""
        for user in assignment.group.members.all():
            assign(self, assignment.credential, user, assignment)
        Assignment.objects.filter(pk=assignment.pk).update(status="COMPLETED")


class AssignmentDetail(PlatformMixin, generics.GenericAPIView):
    """Take an assignment back."""

    permission_classes = [IsAuthenticated, AssignmentPermission]

    def get_queryset(self) -> Any:
        """Return what the one who asks may take back."""
        found = Assignment.objects.filter(platform=self.platform)
        if self.is_admin:
            return found
        departments = administered_departments(self.request.user, self.platform)
        own = Q(user__departments__in=departments) | Q(group__department__in=departments)
        return found.filter(own).distinct()

    def delete(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete it with its assertions."""
        get_object_or_404(self.get_queryset(), entity_id=kwargs["assignment_id"]).delete()
        return described("Deleted")
