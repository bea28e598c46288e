"""The end of an account: asked for, waited for, and then everything of a person that is kept here.

What other packages keep of him goes first, each by its own service (`tasks.erasure` calls them in turn).
"""

from datetime import datetime, timedelta

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from core.accounts import tokens
from core.accounts.events import erasure_requested
from core.accounts.lockout import place_of
from core.accounts.models import RefreshFamily, User
from core.admin_log import erase_log_entries
from core.errors import Conflict
from core.models import ThrottleCount
from core.transactions import in_one_transaction

# A worker that erases somebody and is not heard of for this long has died; another goes on.
LEASE = timedelta(minutes=5)
# What was let in before the account was closed has long been written or given up by then: it is looked for once more.
LAST_LOOK_AFTER = timedelta(hours=1)


class StaffCannotLeave(Conflict):
    """What staff did is the shop's record: an owner takes their rights away first."""

    code = "staff_account"
    title = "An owner has to take your rights away before your account can be erased."


@in_one_transaction
def request_erasure(*, user_id: int) -> datetime:
    """Have the account erased after `ERASURE_GRACE`, and end every login; signing in again keeps the account.

    Locks the user. Idempotent: a second request moves nothing. Answers when. Raises StaffCannotLeave.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    if user.is_staff:
        raise StaffCannotLeave()
    if user.erase_at is None:
        user.erase_at = timezone.now() + settings.ERASURE_GRACE
        user.save(update_fields=["erase_at", "updated_at"])
        erasure_requested.publish(user_id=user.pk)
    tokens.revoke_all(user_id=user.pk)
    return user.erase_at


def keep_account(*, user: User) -> None:
    """Call the erasure off, as its user has signed in: one statement, none when none was asked for."""
    if user.erase_at is not None:
        User.objects.filter(pk=user.pk, erased_at=None).update(erase_at=None)


@in_one_transaction
def take_due_erasures(*, limit: int) -> list[int]:
    """Users whose time has come, by id. They are not due again for the length of a lease: two statements."""
    now = timezone.now()
    due = User.objects.filter(erase_at__lte=now, is_staff=False).order_by("erase_at")
    ids = list(due.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:limit])
    User.objects.filter(pk__in=ids).update(erase_at=now + LEASE)
    return ids


def postpone_erasure(*, user_id: int, until: datetime) -> None:
    """Look again later, unless the user has come back meanwhile. One statement."""
    User.objects.filter(pk=user_id, erase_at__isnull=False).update(erase_at=until)


@in_one_transaction
def begin_erasure(*, user_id: int) -> bool:
    """From here there is no way back: nobody signs in and no mail is queued any more. False if he came back.

    Idempotent. Locks the user, so that what is queued for him at this moment is either seen by what follows
    or is not queued.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id, erase_at__isnull=False).first()
    if user is None:
        return False
    if user.erased_at is None:
        user.is_active, user.erased_at = False, timezone.now()
        user.save(update_fields=["is_active", "erased_at", "updated_at"])
    return True


def verified_address(*, user_id: int) -> str:
    """The user's address if it is known to be his, else nothing: what others did with it is not his."""
    return User.objects.filter(pk=user_id, is_verified=True).values_list("email", flat=True).first() or ""


@in_one_transaction
def erase_user(*, user_id: int) -> None:
    """Forget who the user was; the last step. What stays is a number that votes and notes of the staff point at.

    Idempotent. Locks the user. All steps are due once more `LAST_LOOK_AFTER` the account was closed: a request
    that had passed the door by then may have written while they were gone through.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id, erased_at__isnull=False).first()
    if user is None:
        return
    ThrottleCount.objects.filter(key__startswith=place_of(email=user.email, network="").account_key).delete()
    RefreshFamily.objects.filter(user=user).delete()
    _end_sessions(user_id)
    if apps.is_installed("allauth.socialaccount"):
        apps.get_model("socialaccount", "SocialAccount").objects.filter(user=user).delete()
    erase_log_entries(model=User, ids=[user_id])
    user.email, user.new_email, user.username = f"erased-{user_id}@{settings.ERASED_DOMAIN}", None, None
    user.first_name, user.last_name, user.language = "", "", settings.LANGUAGE_CODE
    user.is_verified, user.last_login = False, None
    last_look_at = user.erased_at + LAST_LOOK_AFTER
    user.erase_at = last_look_at if last_look_at > timezone.now() else None
    user.token_version += 1
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()


def _end_sessions(user_id: int) -> None:
    """Sessions are the admin's: there are as many as staff, of whom the user may have been one."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(user_id):
            SessionStore(session.session_key).delete()
