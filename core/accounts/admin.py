"""Users and groups in the admin."""

from typing import Any

from django import forms
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.http import HttpRequest

from core.accounts.events import email_verified
from core.accounts.models import User
from core.accounts.roles import is_role
from core.accounts.tokens import revoke_all

SOCIAL_MODELS = ("socialaccount.SocialAccount", "socialaccount.SocialApp", "socialaccount.SocialToken")

admin.site.unregister(Group)
if apps.is_installed("allauth.socialaccount"):
    # Providers are configured by settings; addresses are the users' own.
    admin.site.unregister([apps.get_model(name) for name in ("account.EmailAddress", *SOCIAL_MODELS)])


class UserCreation(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)


class UserChange(UserChangeForm):
    language = forms.ChoiceField(choices=lambda: settings.LANGUAGES)

    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Django's screens for users, by email instead of a user name."""

    form = UserChange
    add_form = UserCreation
    ordering = ("-id",)
    list_display = ("email", "full_name", "is_active", "is_staff", "is_verified", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser", "is_verified", "groups")
    search_fields = ("email", "username", "first_name", "last_name")
    readonly_fields = ("last_login", "created_at", "updated_at")
    show_full_result_count = False
    actions = ("sign_out_everywhere",)
    fieldsets = (
        (None, {"fields": ("email", "username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "language", "is_verified")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "created_at", "updated_at")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Nobody gives rights that are not his to give: superusers are made by superusers, roles are
        given by whoever may change groups."""
        fields = tuple(super().get_readonly_fields(request, obj))
        if not request.user.is_superuser:
            fields += ("is_superuser", "user_permissions")
            if not request.user.has_perm("auth.change_group"):
                fields += ("is_staff", "groups")
        return fields

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    def _may_touch(self, request: HttpRequest, obj: User | None) -> bool:
        """Whose password one may set one can be: superusers are for superusers, staff for who gives roles."""
        if obj is None or request.user.is_superuser or obj == request.user:
            return True
        return not obj.is_superuser and (not obj.is_staff or request.user.has_perm("auth.change_group"))

    def save_model(self, request, obj: User, form, change: bool) -> None:
        """Another address is not verified by the old one's mail, unless whoever types it says so."""
        if change and "email" in form.changed_data and "is_verified" not in form.changed_data:
            obj.is_verified = False
        super().save_model(request, obj, form, change)
        if obj.is_verified and "is_verified" in form.changed_data:
            email_verified.publish(user_id=obj.pk)

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out_everywhere(self, request, queryset) -> None:
        for user_id in queryset.values_list("pk", flat=True):
            revoke_all(user_id=user_id)
        self.message_user(
            request, "They are signed out: at once from accounts, orders and staff work, within seconds from carts."
        )


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """Groups of staff. Those of the roles are kept as the code says, at each migration."""

    list_display = ("name", "is_role")

    @admin.display(boolean=True, description="Role of the shop")
    def is_role(self, group: Group) -> bool:
        return is_role(group)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("name", "permissions") if is_role(obj) else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_role(obj)
