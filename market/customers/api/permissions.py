"""Who may look at whom."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class ViewCustomerHistoryPermission(BasePermission):
    """Staff who hold `customers.view_customer_history`: to see a customer is not to see what he bought."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        return bool(
            user and user.is_authenticated and user.is_staff and user.has_perm("customers.view_customer_history")
        )
