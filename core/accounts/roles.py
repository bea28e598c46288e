"""The groups of the staff's roles, as the setting `STAFF_ROLES` has them."""

from fnmatch import fnmatchcase

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.db import transaction


@transaction.atomic
def sync_roles() -> None:
    """Give each role's group exactly its permissions. Idempotent; four statements when all is as it should be."""
    names = list(settings.STAFF_ROLES)
    Group.objects.bulk_create([Group(name=name) for name in names], ignore_conflicts=True)
    codes = {
        f"{app}.{codename}": pk
        for app, codename, pk in Permission.objects.values_list("content_type__app_label", "codename", "pk")
    }
    for group in Group.objects.filter(name__in=names).prefetch_related("permissions"):
        patterns = settings.STAFF_ROLES[group.name]
        wanted = {pk for code, pk in codes.items() if any(fnmatchcase(code, pattern) for pattern in patterns)}
        if wanted != {permission.pk for permission in group.permissions.all()}:
            group.permissions.set(wanted)


def is_role(group: Group | None) -> bool:
    """Whether the group is one that `sync_roles` keeps."""
    return group is not None and group.name in settings.STAFF_ROLES
