"""Who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from tests.differential.twin.models import ADMIN, DEPARTMENT_ADMIN

if TYPE_CHECKING:
    from tests.differential.twin.views import PlatformView


class CredentialAssignmentPermission(BasePermission):
    """What the role of the key's user allows on the platform that the request addresses."""

    def has_permission(self, request: Request, view: PlatformView) -> bool:
        """Refuse other platforms and writes beyond the role; an unknown platform is 404 here."""
        if request.user.platform != view.platform:
            return False
        if request.method in SAFE_METHODS or request.user.role == ADMIN:
            return True
        if request.user.role == DEPARTMENT_ADMIN:
            return request.method not in view.platform_admin_methods
        return False
