"""Signing up and in, passwords, and whose mailbox it is."""

from core.accounts.services.emails import (
    EmailTaken,
    confirm_email_change,
    request_email_change,
    request_verification,
    verify_email,
)
from core.accounts.services.erasing import (
    StaffCannotLeave,
    begin_erasure,
    erase_user,
    keep_account,
    postpone_erasure,
    request_erasure,
    take_due_erasures,
    verified_address,
)
from core.accounts.services.passwords import change_password, request_password_reset, reset_password
from core.accounts.services.signing_in import BadCredentials, EmailNotVerified, register_user, sign_in
from core.accounts.services.social import sign_in_with_code

__all__ = [
    "BadCredentials",
    "EmailNotVerified",
    "EmailTaken",
    "StaffCannotLeave",
    "begin_erasure",
    "change_password",
    "confirm_email_change",
    "erase_user",
    "keep_account",
    "postpone_erasure",
    "register_user",
    "request_email_change",
    "request_erasure",
    "request_password_reset",
    "request_verification",
    "reset_password",
    "sign_in",
    "sign_in_with_code",
    "take_due_erasures",
    "verified_address",
    "verify_email",
]
