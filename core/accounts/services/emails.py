"""Whose mailbox it is: verification, and the change to another address."""

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from core.accounts import mailed_tokens
from core.accounts.events import email_change_requested, email_changed, email_verified, verification_requested
from core.accounts.mailed_tokens import MailedToken, MailedTokenInvalid
from core.accounts.models import User
from core.accounts.services.passwords import counted_guess, refuse_wrong
from core.errors import Conflict, FieldError, Invalid
from core.guards import guard_enabled
from core.transactions import in_one_transaction


class EmailTaken(Conflict):
    """Somebody else has had this address since."""

    code = "email_taken"
    title = "This email belongs to another account."


def request_verification(*, email: str) -> None:
    """Have the verification mail sent again. Two statements whether the email is known or not."""
    waiting = User.objects.filter(email__iexact=email, is_active=True, is_verified=False)
    verification_requested.publish(user_id=waiting.values_list("pk", flat=True).first())


@in_one_transaction
def verify_email(*, token: str) -> None:
    """Note that the address is the user's: once per token. Raises MailedTokenInvalid."""
    claim = mailed_tokens.read_token(purpose=mailed_tokens.VERIFY_EMAIL, token=token)
    waiting = User.objects.filter(email=claim.email, is_verified=False)
    if not _use(claim, among=waiting, is_verified=True):
        raise MailedTokenInvalid()
    email_verified.publish(user_id=claim.user_id)


def request_email_change(*, user_id: int, new_email: str, password: str) -> None:
    """Have the new address confirmed by mail; until then the old one stays.

    The caller learns nothing about whose address it may be already. Raises Invalid for a wrong
    password and for the address that he has, TooManyAttempts for many wrong passwords.
    """
    with counted_guess(user_id=user_id):
        _request_email_change(user_id=user_id, new_email=new_email, password=password)


@in_one_transaction
def _request_email_change(*, user_id: int, new_email: str, password: str) -> None:
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    refuse_wrong(password, user, field="password")
    new_email = User.objects.normalize_email(new_email)
    if new_email.lower() == user.email.lower():
        message = "This is your address already."
        raise Invalid(message, errors=[FieldError("new_email", "unchanged", message)])
    user.new_email = new_email
    user.token_version += 1
    user.save(update_fields=["new_email", "token_version", "updated_at"])
    email_change_requested.publish(user_id=user.pk)


@in_one_transaction
def confirm_email_change(*, token: str) -> None:
    """Put the confirmed address in place of the old one: once per token.

    Raises MailedTokenInvalid, or EmailTaken when another user has it by now.
    """
    claim = mailed_tokens.read_token(purpose=mailed_tokens.CHANGE_EMAIL, token=token)
    waiting = User.objects.filter(new_email=claim.email)
    try:
        with transaction.atomic():
            is_used = _use(claim, among=waiting, email=claim.email, new_email=None, is_verified=True)
    except IntegrityError as error:
        raise EmailTaken() from error
    if not is_used:
        raise MailedTokenInvalid()
    email_changed.publish(user_id=claim.user_id)


def _use(claim: MailedToken, *, among: QuerySet[User], **values: object) -> bool:
    """Whether this call was the one to use the token: one conditional update decides."""
    good = among.filter(pk=claim.user_id, token_version=claim.version, is_active=True)
    values |= {"token_version": F("token_version") + 1, "updated_at": timezone.now()}
    if not guard_enabled("mailed_token"):
        return bool(good.exists() and User.objects.filter(pk=claim.user_id).update(**values))
    return bool(good.update(**values))
