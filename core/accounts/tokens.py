"""Access and refresh tokens: signed JWTs; of a family of refresh tokens only the newest is good."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from core.accounts.models import RefreshFamily, User
from core.errors import NotAuthenticated
from core.guards import guard_enabled

FAMILY_CLAIM = "family"


class InvalidToken(NotAuthenticated):
    """The token is forged, expired, used up or revoked; which of these is not told."""

    code = "token_not_valid"
    title = "The token is not valid."


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a client holds after it signed in."""

    access: str
    refresh: str


def user_id_of(access: str) -> int:
    """The user id in a good access token. No query. Raises InvalidToken."""
    try:
        return int(AccessToken(access)["user_id"])
    except (TokenError, KeyError, ValueError, TypeError) as error:
        raise InvalidToken() from error


def issue_tokens(*, user: User) -> TokenPair:
    """Begin a family of refresh tokens for the user, who has just proved who he is. One statement."""
    family = RefreshFamily(user=user)
    refresh = _refresh_token(user_id=user.pk, family_id=family.pk)
    family.current_jti = refresh["jti"]
    family.expires_at = _expiry_of(refresh)
    family.save(force_insert=True)
    return TokenPair(access=str(AccessToken.for_user(user)), refresh=str(refresh))


def refresh_tokens(*, refresh: str) -> TokenPair:
    """Exchange a refresh token for a new pair; it works once.

    One conditional update decides, so of parallel uses one succeeds. A token that was used before
    revokes its family: either the thief or the owner holds it, and both sign in again. Runs outside
    of a transaction, so that the revocation stays when InvalidToken is raised.
    """
    token, family_id = _decoded(refresh)
    user_id = int(token["user_id"])
    successor = _refresh_token(user_id=user_id, family_id=family_id)
    if not _rotate(family_id=family_id, used_jti=token["jti"], successor=successor):
        RefreshFamily.objects.filter(pk=family_id, revoked_at=None).exclude(current_jti=token["jti"]).update(
            revoked_at=timezone.now()
        )
        raise InvalidToken()
    return TokenPair(access=str(AccessToken.for_user(User(pk=user_id))), refresh=str(successor))


def revoke(*, refresh: str) -> None:
    """Sign out: no token of this family works any more. Repeating it is harmless. One statement.

    Raises InvalidToken for a token that was never ours or has expired.
    """
    _, family_id = _decoded(refresh)
    RefreshFamily.objects.filter(pk=family_id, revoked_at=None).update(revoked_at=timezone.now())


def revoke_all(*, user_id: int) -> None:
    """Sign the user out everywhere. One statement."""
    RefreshFamily.objects.filter(user_id=user_id, revoked_at=None).update(revoked_at=timezone.now())


def _rotate(*, family_id: UUID, used_jti: str, successor: RefreshToken) -> bool:
    """Make the successor the family's current token, if the used one still is and the user is active.

    The user is asked for by EXISTS: a join would move all conditions into a subquery, which
    PostgreSQL does not evaluate again after waiting for a parallel refresh.
    """
    families = RefreshFamily.objects.filter(pk=family_id)
    good = families.filter(
        Exists(User.objects.filter(pk=OuterRef("user_id"), is_active=True)),
        current_jti=used_jti,
        revoked_at=None,
    )
    values = {"current_jti": successor["jti"], "expires_at": _expiry_of(successor)}
    if not guard_enabled("refresh_rotation"):
        return bool(good.exists() and families.update(**values))
    return bool(good.update(**values))


def _refresh_token(*, user_id: int, family_id: UUID) -> RefreshToken:
    token = RefreshToken.for_user(User(pk=user_id))
    token[FAMILY_CLAIM] = family_id.hex
    return token


def _expiry_of(token: RefreshToken) -> datetime:
    return datetime.fromtimestamp(token["exp"], tz=UTC)


def _decoded(refresh: str) -> tuple[RefreshToken, UUID]:
    try:
        token = RefreshToken(refresh)
        return token, UUID(token[FAMILY_CLAIM])
    except (TokenError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidToken() from error
