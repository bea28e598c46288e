"""The mails that users get about their account."""

from datetime import datetime
from hashlib import sha256

from django.conf import settings

from core.accounts import mailed_tokens
from core.accounts.mailed_tokens import account_link, token_for
from core.accounts.models import User
from core.notifications.services import queue_mail

# Of several requests within this time one sends a mail: nobody's mailbox is flooded from here.
INTERVAL_SECONDS = 120


def queue_account_mail(*, kind: str, user_id: int, key: str) -> None:
    """Queue the mail `kind` to a user; nothing for one who is gone. Two statements."""
    user = User.objects.filter(pk=user_id).only("email", "first_name").first()
    if user is not None:
        queue_mail(kind=kind, recipient=user.email, context={"first_name": user.first_name}, key=key, user_id=user_id)


def queue_verification_mail(*, user_id: int | None, at: datetime) -> None:
    """Queue the link that verifies the address, unless it is verified by now.

    It does not repeat the name: whoever registers with another's address writes nothing to him.
    """
    user = User.objects.filter(pk=user_id, is_active=True, is_verified=False).first()
    if user is None:
        return
    token = token_for(purpose=mailed_tokens.VERIFY_EMAIL, user=user, email=user.email)
    queue_mail(
        kind="verify_email",
        recipient=user.email,
        context={"token": token},
        key=f"verify-{user.pk}-{user.token_version}-{_slot(at)}",
        user_id=user.pk,
    )


def queue_repeated_registration_mail(*, user_id: int, at: datetime) -> None:
    """Tell a user that his address was registered again; who has not verified it yet gets the link again."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return
    if user.is_active and not user.is_verified:
        queue_verification_mail(user_id=user_id, at=at)
    else:
        queue_account_mail(kind="registration_repeated", user_id=user_id, key=f"repeated-{user_id}-{_slot(at)}")


def queue_reset_mail(*, user_id: int | None, at: datetime) -> None:
    """Queue the token for a new password."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return
    parts = mailed_tokens.reset_link_of(user)
    queue_mail(
        kind="password_reset",
        recipient=user.email,
        context={"first_name": user.first_name, **parts, "link": account_link("password/reset", **parts)},
        key=f"reset-{user.pk}-{sha256(user.password.encode()).hexdigest()[:8]}-{_slot(at)}",
        user_id=user.pk,
    )


def queue_email_change_mail(*, user_id: int | None, at: datetime) -> None:
    """Queue the link to the new address; whoever has that address already is told instead."""
    user = User.objects.filter(pk=user_id, is_active=True).exclude(new_email=None).first()
    if user is None:
        return
    owner_id = User.objects.filter(email__iexact=user.new_email).values_list("pk", flat=True).first()
    key = f"change-{user.pk}-{user.token_version}-{_slot(at)}"
    if owner_id is not None:
        queue_account_mail(kind="registration_repeated", user_id=owner_id, key=key)
        return
    token = token_for(purpose=mailed_tokens.CHANGE_EMAIL, user=user, email=user.new_email)
    queue_mail(
        kind="email_change",
        recipient=user.new_email,
        context={"first_name": user.first_name, "token": token, "link": account_link("email/confirm", token=token)},
        key=key,
        user_id=user.pk,
    )


def queue_email_change_notice(*, user_id: int | None, key: str) -> None:
    """Tell the present address that another one was asked for."""
    if user_id is not None:
        queue_account_mail(kind="email_change_notice", user_id=user_id, key=key)


def queue_erasure_notice(*, user_id: int, key: str) -> None:
    """Tell when the account will be erased, and how to keep it; nothing when he has come back since."""
    user = User.objects.filter(pk=user_id).exclude(erase_at=None).first()
    if user is not None:
        context = {"first_name": user.first_name, "erase_at": user.erase_at}
        queue_mail(kind="erasure_requested", recipient=user.email, context=context, key=key, user_id=user.pk)


def queue_export_mail(*, user: User, token: str, expires_at: datetime, key: str) -> None:
    """Queue the link to the copy of the user's data."""
    link = f"{settings.SHOP_URL}/api/v1/users/export/?token={token}"
    context = {"first_name": user.first_name, "link": link, "expires_at": expires_at}
    queue_mail(kind="export_ready", recipient=user.email, context=context, key=key, user_id=user.pk)


def _slot(at: datetime) -> int:
    return int(at.timestamp()) // INTERVAL_SECONDS
