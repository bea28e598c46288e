"""Signing up and signing in."""

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from core.accounts import lockout, tokens
from core.accounts.events import registration_repeated, user_registered
from core.accounts.lockout import Place
from core.accounts.models import RefreshFamily, User
from core.accounts.services.erasing import keep_account
from core.accounts.services.passwords import refuse_weak
from core.accounts.tokens import InvalidToken, TokenPair
from core.errors import Forbidden, NotAuthenticated
from core.languages import shop_language
from core.transactions import retries_conflicts


class BadCredentials(NotAuthenticated):
    """Unknown email, wrong password or disabled user; which of these is not told."""

    code = "bad_credentials"
    title = "Email or password is wrong."


class EmailNotVerified(Forbidden):
    """The password is right and `REQUIRE_VERIFIED_EMAIL` wants the mailed link opened first."""

    code = "email_not_verified"
    title = "Open the link in the mail that we sent you first."


@retries_conflicts
def register_user(*, email: str, password: str, first_name: str = "", last_name: str = "", language: str = "") -> None:
    """Make a user; for a known email make nothing, and tell that address.

    The caller learns nothing about which it was: both ways validate, hash one password and publish
    one event. Raises Invalid for a password that the validators refuse.
    """
    names = {"first_name": first_name, "last_name": last_name}
    candidate = User(email=User.objects.normalize_email(email), language=language or shop_language(), **names)
    refuse_weak(password, candidate, field="password")
    candidate.set_password(password)
    with transaction.atomic():
        known = User.objects.filter(email__iexact=candidate.email).values_list("pk", flat=True).first()
        if known is None and _saved(candidate):
            user_registered.publish(user_id=candidate.pk)
            return
        known = known or User.objects.values_list("pk", flat=True).get(email__iexact=candidate.email)
        registration_repeated.publish(user_id=known)


def sign_in(*, place: Place, password: str) -> tuple[User, TokenPair]:
    """Check a password and begin a family of tokens. Two statements, one more when an old hash is renewed; two
    more count the attempt and forget it, a third where the account never signed in before.

    Raises TooManyAttempts before it looks at the password; BadCredentials after the same hashing work
    whether the email is known or not; EmailNotVerified after the right password alone, where the shop
    insists on that. A password that changes or is hashed anew meanwhile is checked once more.
    """
    lockout.count_attempt(place=place)
    user = _user_at(place)
    if not (place.is_known_device or (user and user.is_known_here)):
        lockout.count_stranger(place=place)
    try:
        return _signed_in(user, place=place, password=password)
    except InvalidToken:
        pass
    try:
        return _signed_in(_user_at(place), place=place, password=password)
    except InvalidToken as error:
        raise BadCredentials() from error


def _user_at(place: Place) -> User | None:
    """The user, who brings along whether he ever signed in from there."""
    earlier = RefreshFamily.objects.filter(user=OuterRef("pk"), network=place.network_digest)
    users = User.objects.select_related(*settings.AUTH_USER_SELECT_RELATED).annotate(is_known_here=Exists(earlier))
    return users.filter(email__iexact=place.email).first()


def _signed_in(user: User | None, *, place: Place, password: str) -> tuple[User, TokenPair]:
    if user is None:
        User().set_password(password)
        raise BadCredentials()
    if not user.check_password(password) or not user.is_active:
        raise BadCredentials()
    if settings.REQUIRE_VERIFIED_EMAIL and not user.is_verified:
        raise EmailNotVerified()
    keep_account(user=user)
    pair = tokens.issue_tokens(user=user, network=place.network_digest)
    lockout.forget_attempts(place=place)
    return user, pair


def _saved(candidate: User) -> bool:
    """Whether the user was written; a parallel registration of the same email may have been faster."""
    try:
        with transaction.atomic():
            candidate.save(force_insert=True)
    except IntegrityError:
        return False
    return True
