"""What becomes of somebody whom the OpenID provider has told us about. Loaded only where that is configured.

django-allauth has sent him there and heard of him by the time `pre_social_login` is called. Here it
ends: no session begins, none of its accounts or addresses are made. He goes back to the front end
with a code that is good for one pair of tokens.
"""

from typing import Any, NoReturn
from urllib.parse import urlencode

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect

from core.accounts.events import email_verified, user_registered
from core.accounts.models import User
from core.accounts.services.social import code_for
from core.errors import Forbidden
from core.transactions import in_one_transaction


class CannotSignIn(Forbidden):
    """The provider's word is not enough; `code` says why."""


class ShopSocialAdapter(DefaultSocialAccountAdapter):
    """Ends every sign-in at the front end: with `code`, or with `error`."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        request.session.flush()
        try:
            user = user_of(account=sociallogin.account)
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


@in_one_transaction
def user_of(*, account: SocialAccount) -> User:
    """The user behind what the provider tells: the one he is linked to, else the one with that address.

    An address links only if the provider has verified it. If nobody had shown here that it is his, then
    whoever registered with it loses password and logins: it was not shown to be his. Nobody has it yet:
    a user is made. Staff are not linked by an address. Raises CannotSignIn.
    """
    claims = _claims(account.extra_data)
    linked = SocialAccount.objects.select_related("user").filter(provider=account.provider, uid=account.uid).first()
    if linked is None:
        user = _user_with_verified_address(claims)
        SocialAccount.objects.get_or_create(provider=account.provider, uid=account.uid, defaults={"user": user})
    else:
        user = linked.user
        # The library has just kept what the provider told; nobody needs it.
        SocialAccount.objects.filter(pk=linked.pk).update(extra_data={})
    if not user.is_active:
        raise CannotSignIn(code="account_disabled")
    return user


def _user_with_verified_address(claims: dict[str, Any]) -> User:
    email = str(claims.get("email") or "")
    if not email or claims.get("email_verified") not in (True, "true"):
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
        field: " ".join(str(claims.get(claim) or "").split())[:150]
        for field, claim in {"first_name": "given_name", "last_name": "family_name"}.items()
    }
    user = User.objects.create_user(email, None, is_verified=True, **names)
    user_registered.publish(user_id=user.pk)
    email_verified.publish(user_id=user.pk)
    return user


def _claims(told: dict[str, Any]) -> dict[str, Any]:
    """What the provider says of him; both of its answers must mean the same person."""
    id_token, userinfo = told.get("id_token") or {}, told.get("userinfo") or {}
    if not id_token or (userinfo and userinfo.get("sub") != id_token.get("sub")):
        raise CannotSignIn(code="sign_in_failed")
    return id_token | userinfo


def _return_with(**query: str) -> NoReturn:
    separator = "&" if "?" in settings.OIDC_RETURN_URL else "?"
    answer = HttpResponseRedirect(f"{settings.OIDC_RETURN_URL}{separator}{urlencode(query)}")
    answer["Cache-Control"], answer["Referrer-Policy"] = "no-store", "no-referrer"
    raise ImmediateHttpResponse(answer)
