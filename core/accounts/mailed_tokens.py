"""Tokens that leave by mail alone: who brings one back reads that mailbox."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from core.accounts.models import User
from core.errors import FieldError, Invalid

VERIFY_EMAIL = "accounts.verify-email"
CHANGE_EMAIL = "accounts.change-email"
LIFETIME = timedelta(hours=24)

# Knows the hash of the password, so that a new one, even the same again, ends every token.
reset_tokens = PasswordResetTokenGenerator()


class MailedTokenInvalid(Invalid):
    """Forged, expired, used or overtaken; which of these is not told."""

    code = "token_invalid"
    title = "The token is not valid or no longer valid."

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("token", self.code, self.title)])


@dataclass(frozen=True, slots=True)
class MailedToken:
    """What a good token says: this user, at this version of his account, reads this mailbox."""

    user_id: int
    version: int
    email: str


def token_for(*, purpose: str, user: User, email: str) -> str:
    """A token for a link in a mail to `email`. It works once: using it raises the user's version."""
    return signing.dumps([user.pk, user.token_version, email], salt=purpose, compress=True)


def read_token(*, purpose: str, token: str) -> MailedToken:
    """What the token says. Raises MailedTokenInvalid for one that is forged or older than a day."""
    try:
        user_id, version, email = signing.loads(token, salt=purpose, max_age=LIFETIME)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise MailedTokenInvalid() from error
    return MailedToken(user_id=user_id, version=version, email=email)


def reset_link_of(user: User) -> dict[str, str]:
    """`uid` and `token` for a new password; good for `PASSWORD_RESET_TIMEOUT` seconds and once."""
    return {"uid": urlsafe_base64_encode(force_bytes(user.pk)), "token": reset_tokens.make_token(user)}


def user_id_of(uid: str) -> int:
    """The user that a `uid` names. Raises MailedTokenInvalid for one that names none."""
    try:
        user_id = int(force_str(urlsafe_base64_decode(uid)))
    except (ValueError, UnicodeDecodeError) as error:
        raise MailedTokenInvalid() from error
    if not 0 < user_id < 2**63:
        raise MailedTokenInvalid()
    return user_id


def account_link(path: str, **query: str) -> str:
    """A page of the shop's front end, empty where none is configured."""
    if not settings.ACCOUNT_PAGES_URL:
        return ""
    return f"{settings.ACCOUNT_PAGES_URL.rstrip('/')}/{path}?" + "&".join(
        f"{key}={value}" for key, value in query.items()
    )
