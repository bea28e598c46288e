"""Sign-in with another account, by OpenID Connect: what django-allauth is told."""

from typing import Any
from urllib.parse import urlsplit

PROVIDER_ID = "oidc"
# Before `core`, whose admin takes their screens away again.
SOCIAL_APPS = (
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
)
SOCIAL_MIDDLEWARE = "allauth.account.middleware.AccountMiddleware"


def social_settings(*, issuer: str, client_id: str, client_secret: str, name: str, shop_url: str) -> dict[str, Any]:
    """allauth keeps state and PKCE and speaks to the provider; who the user is, the shop decides."""
    app = {
        "provider_id": PROVIDER_ID,
        "name": name,
        "client_id": client_id,
        "secret": client_secret,
        "settings": {"server_url": issuer},
    }
    return {
        "SOCIALACCOUNT_ADAPTER": "core.accounts.social.ShopSocialAdapter",
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}},
        "SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX": "",
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_LOGIN_ON_GET": True,
        "SOCIALACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_LOGIN_METHODS": {"email"},
        "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*"],
        "ACCOUNT_DEFAULT_HTTP_PROTOCOL": urlsplit(shop_url).scheme or "https",
    }
