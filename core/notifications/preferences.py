"""Which of the optional mails somebody wants, and the link in each of them that ends it."""

from collections.abc import Mapping

from django.conf import settings
from django.core import signing

from core.errors import NotFound
from core.notifications.models import Refusal
from core.transactions import in_one_transaction

SALT = "notifications.unsubscribe"


class UnknownLink(NotFound):
    """The token in the link is not ours, or the mail is none that can be refused."""

    code = "link_unknown"
    title = "This link is not complete. Open it from the mail again."


def preferences_of(*, user_id: int) -> dict[str, bool]:
    """Each optional kind of mail, and whether the user wants it: one query."""
    refused = set(Refusal.objects.filter(user_id=user_id).values_list("kind", flat=True))
    return {kind: kind not in refused for kind in settings.OPTIONAL_MAILS}


@in_one_transaction
def set_preferences(*, user_id: int, wishes: Mapping[str, bool]) -> None:
    """Note what the user wants of the optional kinds that are named. Idempotent, two statements."""
    refused = [Refusal(user_id=user_id, kind=kind) for kind, is_wanted in wishes.items() if not is_wanted]
    Refusal.objects.bulk_create(refused, ignore_conflicts=True)
    wanted = [kind for kind, is_wanted in wishes.items() if is_wanted]
    Refusal.objects.filter(user_id=user_id, kind__in=wanted).delete()


def unsubscribe_link(*, user_id: int | None, kind: str) -> str:
    """The page that ends this kind of mail to this user; empty for mails that cannot be refused."""
    if user_id is None or kind not in settings.OPTIONAL_MAILS:
        return ""
    return f"{settings.SHOP_URL}/unsubscribe/?token={signing.dumps([user_id, kind], salt=SALT)}"


def read_link(*, token: str) -> tuple[int, str]:
    """The user and the kind that a link names. Raises UnknownLink."""
    try:
        user_id, kind = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise UnknownLink() from error
    if kind not in settings.OPTIONAL_MAILS:
        raise UnknownLink()
    return user_id, kind


def unsubscribe(*, token: str) -> str:
    """Write no more of the link's kind to its user; answers the kind. Idempotent. Raises UnknownLink."""
    user_id, kind = read_link(token=token)
    # Who is gone since wants no mail either.
    if Refusal._meta.get_field("user").related_model.objects.filter(pk=user_id).exists():
        set_preferences(user_id=user_id, wishes={kind: False})
    return kind
