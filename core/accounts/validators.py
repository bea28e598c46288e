"""What Django asks whenever a password is set, whichever screen, command or service sets it."""

from typing import Any

from core.accounts.models import User
from core.accounts.tokens import revoke_all


class SignsOutOnChange:
    """Refuses nothing; ends every login of a user whose password has changed.

    Django does not call `password_changed` when a login merely hashes the same password anew.
    """

    def validate(self, password: str, user: Any = None) -> None:
        return None

    def get_help_text(self) -> str:
        return "A new password ends every login that began with the old one."

    def password_changed(self, password: str, user: User) -> None:
        revoke_all(user_id=user.pk)
