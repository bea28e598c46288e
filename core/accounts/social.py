"""What becomes of somebody whom the OpenID provider has told us about. Loaded only where that is configured.

django-allauth has sent him there and heard of him by the time `pre_social_login` is called. Here it
ends: no session begins, none of its accounts or addresses are made. He goes back to the front end
with a code that is good for one pair of tokens.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn
from urllib.parse import urlencode

import structlog
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.db import DataError, IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from requests import RequestException

from core.accounts.events import email_verified, user_registered
from core.accounts.models import User
from core.accounts.services.social import code_for
from core.errors import Forbidden
from core.languages import language_wanted
from core.transactions import in_one_transaction

log = structlog.get_logger("core.accounts.social")

# What the library raises at an answer of another shape than it reads: a member that is missing or of another type,
# a text that is no number or too long for its column, no answer at all.
ODD_ANSWERS = (
    *(ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
    *(DataError, ImproperlyConfigured, RequestException),
)


class CannotSignIn(Forbidden):
    """The provider's word is not enough; `code` says why."""


class ShopSocialAdapter(DefaultSocialAccountAdapter):
    """Ends every sign-in at the front end: with `code`, or with `error`."""

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> None:
        """What the provider told goes past the library, which would keep it, and make a user of it."""
        sociallogin.told, sociallogin.account.extra_data = sociallogin.account.extra_data, {}

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        if not request.user.is_authenticated:  # staff stay in the admin
            request.session.flush()
        try:
            user = _user_despite_race(sociallogin)
        except CannotSignIn as refusal:
            _return_with(error=refusal.code)
        _return_with(code=code_for(user_id=user.pk))

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> NoReturn:
        _return_with(error="canceled" if error == AuthError.CANCELLED else "sign_in_failed")


def whatever_it_answers(
    view: Callable[[HttpRequest, str], HttpResponse],
) -> Callable[[HttpRequest, str], HttpResponse]:
    """The library's view; an answer of the provider that it cannot read ends at the front end too, and in the log."""

    @wraps(view)
    def guarded(request: HttpRequest, provider_id: str) -> HttpResponse:
        try:
            return view(request, provider_id)
        except ODD_ANSWERS as error:
            log.warning("openid_answer_unreadable", error=type(error).__name__, exc_info=error)
            return _back_with(error="sign_in_failed")

    return guarded


def _user_despite_race(sociallogin: SocialLogin) -> User:
    """The user, also if he came by two ways at once and the other one was the first to make him."""
    try:
        return user_of(account=sociallogin.account, told=sociallogin.told)
    except IntegrityError:
        return user_of(account=sociallogin.account, told=sociallogin.told)


@in_one_transaction
def user_of(*, account: SocialAccount, told: dict[str, Any]) -> User:
    """The user behind what the provider told: the one he is linked to, else the one with that address.

    An address links only if the provider has verified it. If nobody had shown here that it is his, then
    whoever registered with it loses password and logins: it was not shown to be his. Nobody has it yet:
    a user is made. Staff are not linked by an address. Raises CannotSignIn.
    """
    claims = _claims(told)
    linked = SocialAccount.objects.select_related("user").filter(provider=account.provider, uid=account.uid).first()
    if linked is None:
        user = _user_with_verified_address(claims)
        SocialAccount.objects.get_or_create(provider=account.provider, uid=account.uid, defaults={"user": user})
    else:
        user = linked.user
    if not user.is_active:
        raise CannotSignIn(code="account_disabled")
    return user


def _user_with_verified_address(claims: dict[str, Any]) -> User:
    email = str(claims.get("email") or "")
    if not _is_address(email) or claims.get("email_verified") not in (True, "true"):
        raise CannotSignIn(code="email_not_verified")
    user = User.objects.select_for_update(no_key=True).filter(email__iexact=email).first()
    if user is None:
        return _new_user(email, claims)
    if user.is_staff:
        raise CannotSignIn(code="staff_use_password")
    if not user.is_verified:
        user.set_unusable_password()
        user.is_verified, user.new_email = True, None
        user.save(update_fields=["password", "is_verified", "new_email", "updated_at"])
        email_verified.publish(user_id=user.pk)
    return user


def _new_user(email: str, claims: dict[str, Any]) -> User:
    names = {
        field: _plain(str(claims.get(claim) or ""))[:150]
        for field, claim in {"first_name": "given_name", "last_name": "family_name"}.items()
    }
    language = language_wanted(str(claims.get("locale") or "").replace("_", "-"))
    user = User.objects.create_user(email, None, is_verified=True, language=language, **names)
    user_registered.publish(user_id=user.pk)
    email_verified.publish(user_id=user.pk)
    return user


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= User._meta.get_field("email").max_length


def _plain(text: str) -> str:
    """The text in one line, without what is no character to be shown or stored."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _claims(told: dict[str, Any]) -> dict[str, Any]:
    """What the provider says of him; both of its answers must mean the same person."""
    id_token, userinfo = told.get("id_token") or {}, told.get("userinfo") or {}
    subject = id_token.get("sub")
    # Not by its text: all of whom nothing is said would be one person, whose name is "None".
    if not isinstance(subject, str) or (userinfo and userinfo.get("sub") != subject):
        raise CannotSignIn(code="sign_in_failed")
    return id_token | userinfo


def _return_with(**query: str) -> NoReturn:
    raise ImmediateHttpResponse(_back_with(**query))


def _back_with(**query: str) -> HttpResponse:
    separator = "&" if "?" in settings.OIDC_RETURN_URL else "?"
    answer = HttpResponseRedirect(f"{settings.OIDC_RETURN_URL}{separator}{urlencode(query)}")
    answer["Cache-Control"], answer["Referrer-Policy"] = "no-store", "no-referrer"
    return answer
