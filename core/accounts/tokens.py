"""Access and refresh tokens: signed JWTs; of a family of refresh tokens only the newest is good."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from core.accounts.models import RefreshFamily, TokenRevocation, User
from core.errors import NotAuthenticated
from core.guards import guard_enabled

FAMILY_CLAIM = "family"
# `iat` has whole seconds, in which somebody may sign in, change the password and sign in again.
ISSUED_CLAIM = "issued_us"
# Checking a signature costs 60 microseconds; a shopper comes back with the same token for 15 minutes.
MAX_VERIFIED = 10_000

# A password changed or a user disabled since he was read waits for this statement, or this one for it.
_BEGIN_FAMILY = """
INSERT INTO accounts_refreshfamily (id, user_id, current_jti, created_at, expires_at, network)
SELECT %s::uuid, id, %s, %s::timestamptz, %s::timestamptz, %s FROM accounts_user
WHERE id = %s AND password = %s AND is_active
FOR SHARE
ON CONFLICT (id) DO NOTHING
"""


class InvalidToken(NotAuthenticated):
    """The token is forged, expired, used up or revoked; which of these is not told."""

    code = "token_not_valid"
    title = "The token is not valid."


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a client holds after it signed in."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Access:
    """What a good access token says."""

    user_id: int
    issued_at: datetime
    expires_at: datetime


_verified: dict[str, Access] = {}


def access_of(token: str) -> Access:
    """What a good access token says; no query, and no cryptography for one that was seen before.

    Whether it is revoked is another question (`core.accounts.revocations`). Raises InvalidToken.
    """
    known = _verified.get(token)
    if known is None:
        known = _checked(token)
        if len(_verified) >= MAX_VERIFIED:
            _verified.clear()
        _verified[token] = known
    if known.expires_at <= timezone.now():
        raise InvalidToken()
    return known


def issue_tokens(*, user: User, network: str = "", family_id: UUID | None = None) -> TokenPair:
    """Begin a family of refresh tokens for the user, who has just proved who he is. One statement.

    `network` is the digest of where he is, by which his next login from there is known; `family_id`
    is given by what may begin one family only. Raises InvalidToken when he was disabled or his password
    changed since he was read, and when the family exists.
    """
    family_id = family_id or uuid4()
    access, refresh = _pair(user_id=user.pk, family_id=family_id)
    values = [family_id, refresh["jti"], timezone.now(), _expiry_of(refresh), network, user.pk, user.password]
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN_FAMILY, values)
        if cursor.rowcount != 1:
            raise InvalidToken()
    return TokenPair(access=str(access), refresh=str(refresh))


def refresh_tokens(*, refresh: str) -> TokenPair:
    """Exchange a refresh token for a new pair; it works once.

    One conditional update decides, so of parallel uses one succeeds. A token that was used before
    revokes its family: either the thief or the owner holds it, and both sign in again. Runs outside
    of a transaction, so that the revocation stays when InvalidToken is raised.
    """
    token, family_id = _decoded(refresh)
    user_id = int(token["user_id"])
    access, successor = _pair(user_id=user_id, family_id=family_id)
    if not _rotate(family_id=family_id, used_jti=token["jti"], successor=successor):
        RefreshFamily.objects.filter(pk=family_id, revoked_at=None).exclude(current_jti=token["jti"]).update(
            revoked_at=timezone.now()
        )
        raise InvalidToken()
    return TokenPair(access=str(access), refresh=str(successor))


def revoke(*, refresh: str) -> None:
    """Sign out: no token of this family works any more. Repeating it is harmless. One statement.

    Raises InvalidToken for a token that was never ours or has expired.
    """
    _, family_id = _decoded(refresh)
    RefreshFamily.objects.filter(pk=family_id, revoked_at=None).update(revoked_at=timezone.now())


@transaction.atomic
def revoke_all(*, user_id: int) -> None:
    """Sign the user out everywhere: refresh tokens and access tokens. Two statements.

    The families come first: a refresh that was faster has taken its time of issue before this takes
    `not_before`. Who never signed in has nothing to revoke, and costs the first statement alone.
    """
    families = RefreshFamily.objects.filter(user_id=user_id)
    if not families.update(revoked_at=timezone.now()):
        return
    TokenRevocation.objects.bulk_create(
        [TokenRevocation(user_id=user_id, not_before=timezone.now())],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["not_before"],
    )


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


def _pair(*, user_id: int, family_id: UUID) -> tuple[AccessToken, RefreshToken]:
    """Both tokens as of now, which is before any statement that makes them good."""
    refresh = RefreshToken.for_user(User(pk=user_id))
    refresh[FAMILY_CLAIM] = family_id.hex
    access = AccessToken.for_user(User(pk=user_id))
    access[ISSUED_CLAIM] = int(timezone.now().timestamp() * 1_000_000)
    return access, refresh


def _checked(token: str) -> Access:
    try:
        claims = AccessToken(token)
        issued = claims.get(ISSUED_CLAIM, claims["iat"] * 1_000_000) / 1_000_000
        return Access(
            user_id=int(claims["user_id"]),
            issued_at=datetime.fromtimestamp(issued, tz=UTC),
            expires_at=datetime.fromtimestamp(claims["exp"], tz=UTC),
        )
    except (TokenError, KeyError, ValueError, TypeError, OverflowError, OSError) as error:
        raise InvalidToken() from error


def _expiry_of(token: RefreshToken) -> datetime:
    return datetime.fromtimestamp(token["exp"], tz=UTC)


def _decoded(refresh: str) -> tuple[RefreshToken, UUID]:
    try:
        token = RefreshToken(refresh)
        return token, UUID(token[FAMILY_CLAIM])
    except (TokenError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InvalidToken() from error
