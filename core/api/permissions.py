"""Who may call: public, signed in, or staff with the permission that the model needs."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission, IsAuthenticated
from rest_framework.request import Request

__all__ = ["IsAdminOrReadOnly", "IsAuthenticated", "IsStaffWithModelPermission"]

_PERMISSION_OF_METHOD = {
    "GET": "view",
    "HEAD": "view",
    "OPTIONS": "view",
    "POST": "add",
    "PUT": "change",
    "PATCH": "change",
    "DELETE": "delete",
}


class IsStaffWithModelPermission(BasePermission):
    """Staff who hold Django's permission (view, add, change, delete) on the view's model.

    The model is `view.permission_model`, else that of the view's queryset. A view may say that an
    action needs another permission than its method: `permission_of_action = {"cancel": "change"}`.
    The default of every view: a route that forgot its policy is closed.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not (user and user.is_authenticated and user.is_staff):
            return False
        model = getattr(view, "permission_model", None)
        if model is None:
            queryset = getattr(view, "queryset", None)
            if queryset is None:
                raise TypeError(f"{type(view).__name__} needs permission_model, a queryset or permission_classes")
            model = queryset.model
        of_action = getattr(view, "permission_of_action", {}).get(getattr(view, "action", None))
        verb = of_action or _PERMISSION_OF_METHOD.get(request.method or "")
        if verb is None:
            return False
        return user.has_perm(f"{model._meta.app_label}.{verb}_{model._meta.model_name}")


class IsAdminOrReadOnly(IsStaffWithModelPermission):
    """Everybody reads; staff write, by model permission."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or super().has_permission(request, view)
