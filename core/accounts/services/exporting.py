"""A copy of all that is kept of a person, for himself: asked for, made in the background, opened by a mailed link.

The link alone opens it. It goes to an address that is known to be his, so whoever has it reads that mailbox, and from
there could set a new password and read everything anyway; a login besides would only keep out who asked for the copy
because he is leaving. It is signed, of one purpose, good for `LIFETIME`, and ends with another address or password.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core import signing
from django.utils import timezone

from core.accounts.events import export_requested
from core.accounts.mails import queue_export_mail
from core.accounts.models import DataExport, DataExportPart, RefreshFamily, User
from core.errors import Conflict, NotFound
from core.faults import fault_point
from core.transactions import in_one_transaction

SALT = "accounts.data-export"
LIFETIME = timedelta(days=7)
# Long after the last attempt: what is not ready by then never will be, and another may be asked for.
PATIENCE = timedelta(days=1)


class AddressNotVerified(Conflict):
    """The link might go to a stranger."""

    code = "email_not_verified"
    title = "Open the link in the mail that we sent you first, so that your data go to nobody else."


class AccountErased(Conflict):
    """His erasure has begun: there is nothing left to copy."""

    code = "account_erased"
    title = "This account is being erased."


class ExportNotFound(NotFound):
    """Forged, expired, or overtaken by another; which of these is not told."""

    code = "export_not_found"
    title = "This link is not known or no longer works. Ask for your data again."


@in_one_transaction
def request_export(*, user_id: int) -> None:
    """Have a copy of the user's data made and its link mailed. Asked for again meanwhile, it stays the one.

    Locks the user. Raises AddressNotVerified and AccountErased.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    if user.erased_at is not None:
        raise AccountErased()
    if not user.is_verified:
        raise AddressNotVerified()
    now = timezone.now()
    under_way = DataExport.objects.filter(user=user, ready_at=None)
    under_way.filter(expires_at__lte=now).delete()
    if under_way.exists():
        return
    export = DataExport.objects.create(user=user, requested_at=now, expires_at=now + PATIENCE)
    export_requested.publish(user_id=user.pk, export_id=str(export.pk))


def owner_of_export(*, export_id: UUID) -> int | None:
    """Whose data are to be copied; None when that is done, or nobody wants them any more. One query."""
    return DataExport.objects.filter(pk=export_id, ready_at=None).values_list("user_id", flat=True).first()


@in_one_transaction
def store_export(*, export_id: UUID, pieces: Iterable[str]) -> None:
    """Keep the copy, make it the person's only one and queue the mail with its link: all of it or nothing.

    Idempotent. Holds the export from the beginning, so that its erasure waits, and at the end the user.
    """
    export = DataExport.objects.select_for_update(of=("self",)).filter(pk=export_id, ready_at=None).first()
    if export is None:
        return
    for number, piece in enumerate(pieces):
        DataExportPart.objects.create(export=export, number=number, content=piece)
    fault_point("export.half")
    user = User.objects.select_for_update(no_key=True).get(pk=export.user_id)
    if user.erased_at is not None:
        export.delete()
        return
    DataExport.objects.filter(user=user).exclude(pk=export.pk).delete()
    export.ready_at = timezone.now()
    export.expires_at = export.ready_at + LIFETIME
    export.save(update_fields=["ready_at", "expires_at"])
    queue_export_mail(user=user, token=token_of(export, user), expires_at=export.expires_at, key=f"export-{export.pk}")


def token_of(export: DataExport, user: User) -> str:
    """What opens the copy."""
    return signing.dumps([str(export.pk), _mailbox_version(user)], salt=SALT)


def _mailbox_version(user: User) -> str:
    """Another one as soon as the address or the password is another; the password's hash is salted."""
    return sha256(f"{user.token_version} {user.email} {user.password}".encode()).hexdigest()[:16]


def open_export(*, token: str) -> DataExport:
    """The copy that the link leads to: one query. Raises ExportNotFound."""
    try:
        export_id, version = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise ExportNotFound() from error
    ready = DataExport.objects.filter(ready_at__isnull=False, expires_at__gt=timezone.now(), user__erased_at=None)
    export = ready.select_related("user").filter(pk=export_id).first()
    if export is None or _mailbox_version(export.user) != version:
        raise ExportNotFound()
    return export


def pieces_of(export: DataExport) -> Iterator[str]:
    """The text of the copy: one query per piece."""
    number = 0
    pieces = DataExportPart.objects.filter(export=export)
    while piece := pieces.filter(number=number).values_list("content", flat=True).first():
        yield piece
        number += 1


def prune_exports(*, limit: int) -> int:
    """Delete up to `limit` copies whose time is over; answers how many."""
    old = DataExport.objects.filter(expires_at__lte=timezone.now()).order_by("expires_at")
    ids = list(old.values_list("pk", flat=True)[:limit])
    DataExport.objects.filter(pk__in=ids).delete()
    return len(ids)


@in_one_transaction
def erase_exports(*, user_id: int) -> None:
    """Delete the user's copies, also one that is being made: waits for it. Idempotent."""
    DataExport.objects.filter(user_id=user_id).delete()


def account_data(*, user_id: int) -> dict[str, Any]:
    """What the account itself knows: three queries. Secrets are left out: no digest of a password or a network."""
    user = User.objects.get(pk=user_id)
    plain = ("email", "new_email", "username", "first_name", "last_name", "language", "is_verified", "is_active")
    times = ("created_at", "updated_at", "last_login", "erase_at")
    logins = RefreshFamily.objects.filter(user=user).order_by("created_at")
    social: list[dict[str, Any]] = []
    if apps.is_installed("allauth.socialaccount"):
        accounts = apps.get_model("socialaccount", "SocialAccount").objects.filter(user=user).order_by("pk")
        social = list(accounts.values("provider", "uid", "date_joined", "last_login", "extra_data"))
    return {
        **{name: getattr(user, name) for name in (*plain, "role", *times)},
        "logins": list(logins.values("created_at", "expires_at", "revoked_at")),
        "social_logins": social,
    }
