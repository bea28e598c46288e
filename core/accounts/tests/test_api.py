"""Signing up, in and out over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from conftest import with_api_middleware
from core.accounts.api.views import AuthViewSet
from core.accounts.models import RefreshFamily, User
from core.accounts.services import register_user
from core.accounts.tests.factories import PASSWORD, make_staff, make_user
from core.accounts.tokens import issue_tokens
from core.outbox.models import Event

pytestmark = pytest.mark.django_db
REGISTER, LOGIN, REFRESH, LOGOUT = (f"/api/v1/auth/{name}/" for name in ("register", "login", "refresh", "logout"))
PROFILE = "/api/v1/users/profile/"
TESTS_SECRET = "testing-jwt-secret-key-with-at-least-32-bytes"


def events() -> list[tuple[str, dict]]:
    return list(Event.objects.order_by("created_at").values_list("name", "payload"))


def test_registration_makes_a_user_who_can_sign_in(api_client):
    body = {"email": "Ann@Example.com", "password": PASSWORD, "first_name": "Ann", "is_staff": True, "role": "admin"}
    answer = api_client.post(REGISTER, body)
    assert (answer.status_code, answer.json()) == (201, {"email": "Ann@Example.com"})
    user = User.objects.get()
    assert (user.email, user.first_name, user.is_staff, user.is_verified) == ("Ann@example.com", "Ann", False, False)
    assert PASSWORD not in user.password
    assert events() == [("accounts.user_registered", {"user_id": user.pk})]
    assert api_client.post(LOGIN, {"email": "ann@example.COM", "password": PASSWORD}).status_code == 200


def test_a_known_email_gets_the_same_answer_and_is_told_by_mail(api_client):
    user = make_user(email="ann@example.com")
    answer = api_client.post(REGISTER, {"email": "ANN@example.com", "password": "another-long-password"})
    assert (answer.status_code, answer.json()) == (201, {"email": "ANN@example.com"})
    assert list(User.objects.values_list("pk", flat=True)) == [user.pk]
    assert events() == [("accounts.registration_repeated", {"user_id": user.pk})]
    assert api_client.post(LOGIN, {"email": user.email, "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"email": "a@example.com", "password": "x7!kq2z"}, "password", "password_too_short"),
        ({"email": "a@example.com", "password": "password123"}, "password", "password_too_common"),
        ({"email": "a@example.com", "password": "918273645546"}, "password", "password_entirely_numeric"),
        ({"email": "annabella@example.com", "password": "annabella1"}, "password", "password_too_similar"),
        ({"email": "not an address", "password": PASSWORD}, "email", "invalid"),
        ({"password": PASSWORD}, "email", "required"),
        ({"email": "a@example.com"}, "password", "required"),
        ({"email": "a@example.com", "password": PASSWORD, "first_name": "x" * 151}, "first_name", "max_length"),
    ],
)
def test_registration_names_what_is_wrong(api_client, body, field, code):
    answer = api_client.post(REGISTER, body)
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert (User.objects.count(), events()) == (0, [])


def test_login_answers_two_tokens_with_the_set_lifetimes_and_the_user(api_client, count_statements):
    user = make_user(email="ann@example.com", first_name="Ann", last_name="Lee")
    with count_statements() as statements:
        answer = api_client.post(LOGIN, {"email": "ann@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    assert len(statements) == 6, statements  # of them four count guesses
    assert answer.json()["user"].items() >= {"id": user.pk, "full_name": "Ann Lee", "role": "customer"}.items()
    assert "password" not in answer.content.decode()
    for name, seconds in {"access": 15 * 60, "refresh": 7 * 24 * 3600}.items():
        token = answer.json()[name]
        claims = jwt.decode(token, TESTS_SECRET, algorithms=["HS256"])
        assert (claims["exp"] - claims["iat"], claims["token_type"]) == (seconds, name)
        assert jwt.get_unverified_header(token)["alg"] == "HS256"


@pytest.mark.parametrize("case", ["unknown email", "wrong password", "disabled user", "no usable password"])
def test_a_refused_login_does_not_tell_why(api_client, case):
    user = make_user(email="ann@example.com", is_active=case != "disabled user")
    if case == "no usable password":
        user.set_unusable_password()
        user.save()
    email = "bob@example.com" if case == "unknown email" else user.email
    answer = api_client.post(LOGIN, {"email": email, "password": "wrong" if case == "wrong password" else PASSWORD})
    assert answer.status_code == 401
    assert answer.json() == {
        "type": "urn:storefront:problem:bad_credentials",
        "title": "Email or password is wrong.",
        "status": 401,
        "detail": "Email or password is wrong.",
        "code": "bad_credentials",
    }
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert not RefreshFamily.objects.exists()


def test_an_old_token_in_the_header_does_not_stand_in_the_way_of_a_login(api_client):
    make_user(email="ann@example.com")
    api_client.credentials(HTTP_AUTHORIZATION="Bearer expired")
    assert api_client.post(LOGIN, {"email": "ann@example.com", "password": PASSWORD}).status_code == 200


def test_a_refresh_token_works_once_and_its_second_use_ends_the_family(api_client):
    first = issue_tokens(user=make_user()).refresh
    second = api_client.post(REFRESH, {"refresh": first}).json()["refresh"]
    third = api_client.post(REFRESH, {"refresh": second}).json()["refresh"]
    reused = api_client.post(REFRESH, {"refresh": first})
    assert (reused.status_code, reused.json()["code"]) == (401, "token_not_valid")
    assert api_client.post(REFRESH, {"refresh": third}).status_code == 401
    assert RefreshFamily.objects.get().revoked_at is not None


def test_a_new_access_token_from_a_refresh_is_good(api_client):
    user = make_user()
    access = api_client.post(REFRESH, {"refresh": issue_tokens(user=user).refresh}).json()["access"]
    assert api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {access}").json()["email"] == user.email


def test_logout_ends_this_login_only(api_client):
    user = make_user()
    phone, laptop = issue_tokens(user=user).refresh, issue_tokens(user=user).refresh
    for _ in range(2):
        assert api_client.post(LOGOUT, {"refresh": phone}).status_code == 204
    assert api_client.post(REFRESH, {"refresh": phone}).status_code == 401
    assert api_client.post(REFRESH, {"refresh": laptop}).status_code == 200


def test_a_disabled_user_cannot_refresh(api_client):
    user = make_user()
    refresh = issue_tokens(user=user).refresh
    User.objects.update(is_active=False)
    assert api_client.post(REFRESH, {"refresh": refresh}).status_code == 401


def forged(user: User, kind: str) -> str:
    pair = issue_tokens(user=user)
    claims = jwt.decode(pair.access, TESTS_SECRET, algorithms=["HS256"])
    return {
        "refresh used as access": pair.refresh,
        "wrong key": jwt.encode(claims, "x" * 40, algorithm="HS256"),
        "wrong algorithm": jwt.encode(claims, TESTS_SECRET, algorithm="HS512"),
        "no signature": jwt.encode(claims, None, algorithm="none"),
        "expired": jwt.encode(claims | {"exp": claims["iat"] - 1}, TESTS_SECRET, algorithm="HS256"),
        "tampered": pair.access[:-2] + ("AA" if not pair.access.endswith("AA") else "BB"),
        "no user": jwt.encode(claims | {"user_id": "0"}, TESTS_SECRET, algorithm="HS256"),
        "strange user": jwt.encode(claims | {"user_id": "x"}, TESTS_SECRET, algorithm="HS256"),
        "no token at all": "nonsense",
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "refresh used as access",
        "wrong key",
        "wrong algorithm",
        "no signature",
        "expired",
        "tampered",
        "no user",
        "strange user",
        "no token at all",
    ],
)
def test_a_bad_token_is_refused(api_client, kind):
    answer = api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {forged(make_user(), kind)}")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    "kind", ["refresh used as access", "wrong key", "wrong algorithm", "no signature", "expired", "tampered"]
)
def test_a_bad_token_is_refused_on_shopping_paths_too(api_client, count_statements, kind):
    bad = forged(make_user(), kind)
    with count_statements() as statements:
        answer = api_client.post("/api/v1/carts/", {}, HTTP_AUTHORIZATION=f"Bearer {bad}")
    assert (answer.status_code, answer.json()["code"], statements) == (401, "token_not_valid", [])


@pytest.mark.parametrize("word", ["Bearer", "bearer", "JWT"])
def test_a_request_with_a_token_sets_no_cookie_and_asks_for_the_user_once(api_client, count_statements, word):
    access = issue_tokens(user=make_user()).access
    with count_statements() as statements:
        answer = api_client.get(PROFILE, HTTP_AUTHORIZATION=f"{word} {access}")
    assert answer.status_code == 200
    assert not answer.cookies
    assert sum('FROM "accounts_user"' in statement for statement in statements) == 1, statements
    assert not any("django_session" in statement for statement in statements), statements
    assert answer["Cache-Control"] == "private, no-store"


def test_a_disabled_user_is_out_at_once(client_of):
    user = make_user()
    client = client_of(user)
    assert client.get(PROFILE).status_code == 200
    User.objects.update(is_active=False)
    assert client.get(PROFILE).status_code == 401


def test_tokens_survive_a_new_django_key(client_of, settings):
    client = client_of(make_user())
    settings.SECRET_KEY = "another-key-of-django-with-32-characters"
    assert client.get(PROFILE).status_code == 200


def test_only_staff_list_users(api_client, client_of):
    staff, customer = make_staff(), make_user()
    unprivileged = make_user(is_staff=True)
    assert api_client.get("/api/v1/users/").status_code == 401
    assert client_of(customer).get("/api/v1/users/").status_code == 403
    assert client_of(unprivileged).get("/api/v1/users/").status_code == 403
    assert client_of(staff).post("/api/v1/users/", {}).status_code == 405
    answer = client_of(staff).get("/api/v1/users/").json()
    assert answer["count"] == 3
    assert [user["id"] for user in answer["results"]] == [unprivileged.pk, customer.pk, staff.pk]
    assert set(answer["results"][0]) == {
        "id",
        "username",
        "email",
        "first_name",
        "last_name",
        "full_name",
        "role",
        "is_active",
        "is_staff",
        "is_verified",
        "language",
        "created_at",
        "updated_at",
    }
    assert [user["role"] for user in answer["results"]] == ["admin", "customer", "admin"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=lee", {"ann", "bob"}),
        ("search=LEE+ann", {"ann"}),
        ("search=bobby", {"bob"}),
        ("search=nobody", set()),
        ("is_active=false", {"bob"}),
        ("is_staff=true", {"staff"}),
        ("is_verified=true&search=example", {"ann"}),
        ("created_after=2026-01-01T00:00:00Z&search=lee", {"ann", "bob"}),
        ("created_before=2020-01-01T00:00:00Z", set()),
    ],
)
def test_users_are_found(client_of, query, found):
    make_user(email="ann@example.com", first_name="Ann", last_name="Lee", is_verified=True)
    make_user(email="bob@example.com", username="bobby", last_name="Lee", is_active=False)
    client = client_of(make_staff(email="staff@shop.test"))
    emails = {user["email"].split("@")[0] for user in client.get(f"/api/v1/users/?{query}").json()["results"]}
    assert emails == found


@pytest.mark.parametrize(
    "query", ["is_active=maybe", "ordering=password", "password=x", "created_after=soon", "limit=0"]
)
def test_unknown_filters_and_values_are_refused_by_name(client_of, query):
    answer = client_of(make_staff()).get(f"/api/v1/users/?{query}")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [query.split("=")[0]]


@pytest.mark.parametrize("rows", [1, 20, 100])
def test_the_list_of_users_costs_the_same_however_long(client_of, count_statements, rows):
    client = client_of(make_staff())
    User.objects.bulk_create(User(email=f"user-{number}@example.com") for number in range(1, rows))
    with count_statements() as statements:
        assert len(client.get("/api/v1/users/?limit=100").json()["results"]) == rows
    assert len(statements) == 3  # the caller, the count, the page


def test_the_limit_of_login_attempts_is_exact_and_not_lifted_by_the_load_test_token(api_client, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"auth": "3/hour"}
    settings.LOADTEST_TOKEN = "a-long-load-test-token"
    headers = {"HTTP_X_LOADTEST_TOKEN": "a-long-load-test-token", "REMOTE_ADDR": f"2001:db8:{uuid4().hex[:4]}::1"}
    answers = [api_client.post(LOGIN, {"email": "a@example.com", "password": "x"}, **headers) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert answers[0]["RateLimit"].startswith('"auth";r=2;t=')
    assert 0 < int(answers[-1]["Retry-After"]) <= 3600


def test_every_door_of_signing_in_counts_as_auth():
    doors = {name for action in AuthViewSet.get_extra_actions() for name in action.mapping.values()}
    assert doors == {name for name, scope in AuthViewSet.throttle_scopes.items() if scope == "auth"}


def test_the_signing_key_is_not_djangos():
    assert settings.SIMPLE_JWT["SIGNING_KEY"] == settings.JWT_SECRET_KEY != settings.SECRET_KEY


@pytest.mark.django_db(transaction=True)
def test_one_email_registered_eight_times_at_once_is_one_user():
    def register(client: APIClient) -> int:
        body = {"email": "ann@example.com", "password": PASSWORD}
        try:
            return client.post(REGISTER, body).status_code
        finally:
            connection.close()

    # Made here: a client changes the settings of all threads for the moment in which it loads its middleware.
    clients = [with_api_middleware(APIClient()) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(register, clients)) == [201] * 8
    assert User.objects.count() == 1
    names = sorted(name for name, _ in events())
    assert names == ["accounts.registration_repeated"] * 7 + ["accounts.user_registered"]


def test_whoever_is_made_speaks_the_shops_language_until_he_says_otherwise(settings):
    settings.LANGUAGE_CODE = "de"
    browser = Client()
    browser.force_login(make_staff())
    new = {"email": "new@example.com", "usable_password": "false"}
    assert browser.post(reverse("admin:accounts_user_add"), new).status_code == 302
    register_user(email="ann@example.com", password="a long and unusual one")
    register_user(email="bob@example.com", password="a long and unusual one", language="fr")
    spoken = User.objects.filter(is_staff=False).order_by("email").values_list("language", flat=True)
    assert list(spoken) == ["de", "fr", "de"]
