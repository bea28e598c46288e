"""The mails that users get about their account."""

from core.accounts.models import User
from core.notifications.services import queue_mail


def queue_account_mail(*, kind: str, user_id: int, key: str) -> None:
    """Queue the mail `kind` to a user; nothing for one who is gone. Two statements."""
    user = User.objects.filter(pk=user_id).only("email", "first_name").first()
    if user is not None:
        queue_mail(kind=kind, recipient=user.email, context={"first_name": user.first_name}, key=key)
