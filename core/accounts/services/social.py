"""The last step of signing in with another account: a code from the browser becomes a pair of tokens."""

from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.core import signing

from core.accounts import tokens
from core.accounts.models import User
from core.accounts.services.erasing import keep_account
from core.accounts.tokens import InvalidToken, TokenPair

SALT = "accounts.social"
CODE_LIFETIME = timedelta(seconds=60)


def code_for(*, user_id: int) -> str:
    """A code for one pair of tokens, which the browser carries back to the front end."""
    return signing.dumps([user_id, uuid4().hex], salt=SALT)


def sign_in_with_code(*, code: str, network: str) -> tuple[User, TokenPair]:
    """Exchange a code, once: the family of tokens that it begins has its id. Two statements.

    Raises InvalidToken for one that is forged, older than a minute or used.
    """
    try:
        user_id, family = signing.loads(code, salt=SALT, max_age=CODE_LIFETIME)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise InvalidToken() from error
    user = User.objects.select_related(*settings.AUTH_USER_SELECT_RELATED).filter(pk=user_id).first()
    if user is None:
        raise InvalidToken()
    keep_account(user=user)
    return user, tokens.issue_tokens(user=user, network=network, family_id=UUID(family))
