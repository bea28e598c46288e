"""Signing in with another account, against an OpenID provider on loopback."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import timezone

from core.accounts.models import User
from core.accounts.tests.factories import PASSWORD, make_staff, make_user
from core.accounts.tokens import issue_tokens
from core.outbox.models import Event
from storefront.settings.social import social_settings
from storefront.tests.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIDProvider, openid_provider

pytestmark = pytest.mark.django_db
BEGIN, CALLBACK, EXCHANGE = "/social/oidc/login/", "/social/oidc/login/callback/", "/api/v1/auth/social/"
PROFILE = "/api/v1/users/profile/"
ANN = {
    "sub": "248289761001",
    "email": "ann@example.com",
    "email_verified": True,
    "given_name": "Ann",
    "family_name": "Lee",
}
with_routes = pytest.mark.urls("storefront.tests.social_urls")


@pytest.fixture
def provider(settings) -> OpenIDProvider:
    with openid_provider() as running:
        running.person = dict(ANN)
        configured = social_settings(
            issuer=running.issuer,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            name="Ours",
            shop_url="http://testserver",
        )
        for name, value in configured.items():
            setattr(settings, name, value)
        settings.OIDC_RETURN_URL = "https://app.example/signed-in?from=shop"
        yield running


def came_back(answer) -> dict[str, str]:
    """What the front end finds in the address that the browser is sent to."""
    assert (answer.status_code, answer["Cache-Control"]) == (302, "no-store")
    address = urlsplit(answer["Location"])
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert (address.netloc, address.path, query.pop("from")) == ("app.example", "/signed-in", "shop")
    return query


def walk(provider: OpenIDProvider, browser: Client | None = None, **changes: str) -> dict[str, str]:
    """The whole way of a browser; `changes` are made to what it brings back from the provider."""
    browser = browser or Client()
    begun = browser.get(BEGIN)
    assert begun.status_code == 302
    return came_back(browser.get(CALLBACK, provider.approve(begun["Location"]) | changes))


@with_routes
def test_a_newcomer_gets_an_account_and_tokens(provider, api_client):
    provider.person |= {"locale": "de_AT"}
    back = walk(provider)
    answer = api_client.post(EXCHANGE, back)
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["user"]["language"] == "de"
    assert shown["user"].items() >= {"email": "ann@example.com", "full_name": "Ann Lee", "is_verified": True}.items()
    assert api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {shown['access']}").status_code == 200
    user = User.objects.get()
    assert (user.has_usable_password(), user.is_staff, user.customer.pk > 0) == (False, False, True)
    assert list(Event.objects.order_by("created_at").values_list("name", flat=True)) == [
        "accounts.user_registered",
        "accounts.email_verified",
    ]
    # Nothing of what the provider told is kept, and no session has begun.
    assert SocialAccount.objects.get().extra_data == {}
    assert not (EmailAddress.objects.exists() or SocialToken.objects.exists() or Session.objects.exists())
    again = api_client.post(EXCHANGE, walk(provider))
    assert (again.status_code, User.objects.count(), SocialAccount.objects.get().extra_data) == (200, 1, {})


@with_routes
def test_odd_names_are_cut_and_staff_stay_in_the_admin(provider, api_client):
    provider.person |= {"given_name": "Ann\x00\n\ud800" + "n" * 200, "family_name": ["Lee"]}
    office = Client()
    office.force_login(make_staff())
    shown = api_client.post(EXCHANGE, walk(provider, office)).json()["user"]
    assert (shown["first_name"], shown["last_name"]) == (("Ann " + "n" * 200)[:150], "['Lee']")
    assert office.get("/admin/").status_code == 200


ODD_CLAIMS = [
    *({"sub": sub} for sub in (None, "", "x" * 300, "1\x00", "\ud800", {"a": 1}, [], True, 2**70)),
    *({"email": email} for email in (["a@b.example"], {"a": 1}, 5, True, "\ud800@b.example", "a\x00@b.example")),
    *({"email_verified": value} for value in ([], {}, "yes", None, 0)),
    *({name: value} for name in ("given_name", "family_name") for value in (5, {}, ["x"], "\x00", "\ud800")),
    *({"exp": value} for value in ("soon", None, [], 1e400, -1, 2**70)),
    *({"name": {}, "preferred_username": [], "picture": 5, "user_id": {}, "jti": value} for value in (5, [], "x")),
]
ODD_DOCUMENTS = [b"", b"<html>", b"\xff\xfe", b"null", b"NaN", [], ["access_token"], "access_token", 5, True, {}]
NOTHING_TOLD = (b"null", [], {})
ODD_TOKENS = [
    *({"access_token": value} for value in (None, 5, [], {}, "a\nb", "\ud800")),
    *({"access_token": "a", "id_token": value} for value in (5, [], "x", "a.b.c", None)),
    *({"access_token": "a", "expires_in": value} for value in ("soon", [], -1, 2**70)),
]


@with_routes
@pytest.mark.parametrize("where", ["id_token", "userinfo", "both"])
def test_odd_claims_end_at_the_front_end(provider, where):
    for odd in ODD_CLAIMS:
        provider.twist = {name: odd for name in ("id_token", "userinfo") if where in (name, "both")}
        back = walk(provider)
        assert back.keys() == {"error"} if "sub" in odd else back.keys() in ({"code"}, {"error"}), odd
    assert User.objects.filter(email__iexact="ann@example.com").count() == User.objects.count() <= 1


@with_routes
@pytest.mark.parametrize("path", ["token", "userinfo", "openid-configuration"])
def test_odd_documents_end_at_the_front_end(provider, path):
    for odd in [*ODD_DOCUMENTS, *(ODD_TOKENS if path == "token" else [])]:
        provider.odd = {}
        browser = Client()
        brought = provider.approve(browser.get(BEGIN)["Location"])
        provider.odd = {path: odd}
        back = came_back(browser.get(CALLBACK, brought))
        if path == "userinfo" and odd in NOTHING_TOLD:
            assert back.keys() == {"code"}, odd  # the id token has all that is needed
            User.objects.all().delete()
        else:
            assert back == {"error": "sign_in_failed"}, odd
        if path == "openid-configuration":
            assert came_back(Client().get(BEGIN)) == {"error": "sign_in_failed"}, odd
    assert not (User.objects.exists() or SocialAccount.objects.exists())


@with_routes
def test_a_provider_that_is_away_ends_at_the_front_end(provider, settings):
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"] = {"server_url": "http://127.0.0.1:1"}
    assert came_back(Client().get(BEGIN)) == {"error": "sign_in_failed"}


@with_routes
def test_a_code_works_once_and_within_a_minute(provider, api_client):
    first, second = walk(provider), walk(provider)
    assert [api_client.post(EXCHANGE, first).status_code for _ in range(2)] == [200, 401]
    with time_machine.travel(timezone.now() + timedelta(seconds=62), tick=False):
        assert api_client.post(EXCHANGE, second).status_code == 401
    third = walk(provider)
    User.objects.update(is_active=False)
    for bad in (third, {"code": third["code"] + "x"}, {"code": "x"}):
        assert api_client.post(EXCHANGE, bad).status_code == 401
    assert api_client.post(EXCHANGE, {}).json()["errors"][0]["field"] == "code"


@with_routes
def test_a_verified_address_links_to_its_account(provider, api_client):
    user = make_user(email="Ann@Example.com", is_verified=True)
    assert api_client.post(EXCHANGE, walk(provider)).json()["user"]["id"] == user.pk
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    provider.person["email"] = "moved@example.com"
    assert api_client.post(EXCHANGE, walk(provider)).json()["user"]["id"] == user.pk


@with_routes
def test_who_registered_with_an_address_that_was_not_his_loses_it(provider, api_client):
    user = make_user(email="ann@example.com", new_email="elsewhere@example.com")
    access = issue_tokens(user=user).access
    assert api_client.post(EXCHANGE, walk(provider)).status_code == 200
    user.refresh_from_db()
    assert (user.is_verified, user.has_usable_password(), user.new_email) == (True, False, None)
    assert api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {access}").status_code == 401


@with_routes
@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("address not verified", "email_not_verified"),
        ("address said to be verified by a word", "email_not_verified"),
        ("no address", "email_not_verified"),
        ("an address that is none", "email_not_verified"),
        ("too long an address", "email_not_verified"),
        ("too long a name of his", "sign_in_failed"),
        ("staff", "staff_use_password"),
        ("disabled", "account_disabled"),
        ("two people", "sign_in_failed"),
        ("another audience", "sign_in_failed"),
        ("another issuer", "sign_in_failed"),
        ("expired", "sign_in_failed"),
        ("another state", "sign_in_failed"),
        ("another browser", "sign_in_failed"),
        ("another code", "sign_in_failed"),
        ("another challenge", "sign_in_failed"),
        ("another secret", "sign_in_failed"),
        ("canceled", "canceled"),
    ],
)
def test_what_does_not_sign_in(provider, settings, case, error):
    browser = Client()
    if case in {"staff", "disabled"}:
        make_staff(email="ann@example.com") if case == "staff" else make_user(email="ann@example.com", is_active=False)
    provider.person |= {
        "address not verified": {"email_verified": False},
        "address said to be verified by a word": {"email_verified": "false"},
        "no address": {"email": None},
        "an address that is none": {"email": "ann\x00@example.com"},
        "too long an address": {"email": f"ann@{'x.' * 150}example.com"},
        "too long a name of his": {"sub": "x" * 300},
    }.get(case, {})
    provider.twist = {
        "two people": {"userinfo": {"sub": "another"}},
        "another audience": {"id_token": {"aud": "another-shop"}},
        "another issuer": {"id_token": {"iss": "https://evil.example"}},
        "expired": {"id_token": {"exp": 1}},
    }.get(case, {})
    if case == "another secret":
        settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["secret"] = "wrong"
    begun = browser.get(BEGIN)
    brought = provider.approve(begun["Location"])
    if case == "another challenge":
        provider.grants[brought["code"]]["code_challenge"] = "another"
    brought |= {"another state": {"state": "x" * 16}, "another code": {"code": "x"}}.get(case, {})
    if case == "canceled":
        brought = {"state": brought["state"], "error": "access_denied"}
    browser = Client() if case == "another browser" else browser
    before = list(User.objects.values())
    assert came_back(browser.get(CALLBACK, brought)) == {"error": error}
    assert (list(User.objects.values()), SocialAccount.objects.count()) == (before, 0)


def test_without_a_provider_there_is_no_such_route(settings, api_client):
    assert settings.OIDC_ISSUER == ""
    assert api_client.post(EXCHANGE, {"code": "x"}).status_code == 404
    assert Client().get(BEGIN).status_code == 404
    with pytest.raises(NoReverseMatch):
        reverse("openid_connect_login", args=["oidc"])
    assert not any("social" in str(pattern.pattern) for pattern in get_resolver().url_patterns)


@with_routes
def test_only_the_configured_provider_is_there(provider):
    assert Client().get("/social/other/login/").status_code == 404
