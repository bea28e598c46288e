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
from core.accounts.services.exporting import (
    account_data,
    erase_exports,
    open_export,
    owner_of_export,
    pieces_of,
    prune_exports,
    request_export,
    store_export,
)
from core.accounts.services.passwords import change_password, request_password_reset, reset_password
from core.accounts.services.signing_in import BadCredentials, EmailNotVerified, register_user, sign_in
from core.accounts.services.social import sign_in_with_code

__all__ = [
    "BadCredentials",
    "EmailNotVerified",
    "EmailTaken",
    "StaffCannotLeave",
    "account_data",
    "begin_erasure",
    "change_password",
    "confirm_email_change",
    "erase_exports",
    "erase_user",
    "keep_account",
    "open_export",
    "owner_of_export",
    "pieces_of",
    "postpone_erasure",
    "prune_exports",
    "register_user",
    "request_email_change",
    "request_erasure",
    "request_export",
    "request_password_reset",
    "request_verification",
    "reset_password",
    "sign_in",
    "sign_in_with_code",
    "store_export",
    "take_due_erasures",
    "verified_address",
    "verify_email",
]
