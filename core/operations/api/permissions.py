"""Who gets to the operations: staff who may run one of them. Which, the selectors decide."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core.operations.registry import operations_for


class MayOperate(BasePermission):
    """Staff with the permission of at least one operation."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated and operations_for(request.user))
