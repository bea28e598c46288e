"""Signing up and in, passwords, and whose mailbox it is."""

from core.accounts.services.emails import (
    EmailTaken,
    confirm_email_change,
    request_email_change,
    request_verification,
    verify_email,
)
from core.accounts.services.passwords import change_password, request_password_reset, reset_password
from core.accounts.services.signing_in import BadCredentials, EmailNotVerified, register_user, sign_in
from core.accounts.services.social import sign_in_with_code

__all__ = [
    "BadCredentials",
    "EmailNotVerified",
    "EmailTaken",
    "change_password",
    "confirm_email_change",
    "register_user",
    "request_email_change",
    "request_password_reset",
    "request_verification",
    "reset_password",
    "sign_in",
    "sign_in_with_code",
    "verify_email",
]
