"""Forgotten and changed passwords. A new one ends every login (`core.accounts.validators`)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from core.accounts import lockout, mailed_tokens
from core.accounts.events import email_verified, password_reset_requested
from core.accounts.lockout import Place
from core.accounts.mailed_tokens import MailedTokenInvalid
from core.accounts.models import User
from core.errors import FieldError, Invalid
from core.transactions import in_one_transaction


def request_password_reset(*, email: str) -> None:
    """Have a token mailed for a new password. Two statements whether the email is known or not."""
    known = User.objects.filter(email__iexact=email, is_active=True)
    password_reset_requested.publish(user_id=known.values_list("pk", flat=True).first())


def reset_password(*, uid: str, token: str, new_password: str, network: str = "") -> None:
    """Set a new password with a mailed token, once. Who got the mail has its address verified by that,
    and is not locked out of the account by what others guessed.

    Locks the user, so that of parallel uses one succeeds. Raises MailedTokenInvalid, or Invalid for
    a weak password, which leaves the token good.
    """
    email = _reset(uid=uid, token=token, new_password=new_password)
    lockout.forget_strangers(place=lockout.place_of(email=email, network=network))


@in_one_transaction
def _reset(*, uid: str, token: str, new_password: str) -> str:
    user = User.objects.select_for_update(no_key=True).filter(pk=mailed_tokens.user_id_of(uid), is_active=True).first()
    if user is None or not mailed_tokens.reset_tokens.check_token(user, token):
        raise MailedTokenInvalid()
    refuse_weak(new_password, user, field="new_password")
    is_news = not user.is_verified
    user.is_verified = True
    _set_password(user, new_password)
    if is_news:
        email_verified.publish(user_id=user.pk)
    return user.email


def change_password(*, user_id: int, old_password: str, new_password: str) -> None:
    """Set a new password; every login of the user ends, this one too. Locks the user.

    Raises TooManyAttempts, and Invalid for a wrong old password and for a weak new one.
    """
    with counted_guess(user_id=user_id):
        _change_password(user_id=user_id, old_password=old_password, new_password=new_password)


@in_one_transaction
def _change_password(*, user_id: int, old_password: str, new_password: str) -> None:
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    refuse_wrong(old_password, user, field="old_password")
    refuse_weak(new_password, user, field="new_password")
    _set_password(user, new_password)


def _set_password(user: User, password: str) -> None:
    """A change of the address that somebody else began with the old password ends too."""
    user.new_email = None
    user.set_password(password)
    user.save(update_fields=["password", "new_email", "is_verified", "updated_at"])


class WrongPassword(Invalid):
    """Whoever is signed in said another password than the user's."""


@contextmanager
def counted_guess(*, user_id: int) -> Iterator[None]:
    """Around what asks somebody signed in for his password: he may have found the token. Raises TooManyAttempts.

    Counted before the block, as its transaction may be rolled back, and forgotten after it unless the
    password was wrong.
    """
    place = Place(email=f"user {user_id}", network="signed in")
    lockout.count_attempt(place=place)
    try:
        yield
    except WrongPassword:
        raise
    except Invalid:
        lockout.forget_attempts(place=place)
        raise
    lockout.forget_attempts(place=place)


def refuse_wrong(password: str, user: User, *, field: str) -> None:
    """Raises WrongPassword, naming the field, unless this is the user's password."""
    if not user.check_password(password):
        message = "This is not your password."
        raise WrongPassword(message, errors=[FieldError(field, "wrong_password", message)])


def refuse_weak(password: str, candidate: User, *, field: str) -> None:
    """Raises Invalid, naming the field and each reason, for a password that the validators refuse."""
    try:
        validate_password(password, candidate)
    except ValidationError as error:
        reasons = [
            FieldError(field, reason.code or "invalid", " ".join(reason.messages)) for reason in error.error_list
        ]
        raise Invalid("The password is too weak.", errors=reasons) from error
