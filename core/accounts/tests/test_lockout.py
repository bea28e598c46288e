"""Guessing passwords: slow from anywhere, and in nobody else's way."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from conftest import with_api_middleware
from core.accounts import lockout
from core.accounts.models import RefreshFamily
from core.accounts.tests.factories import PASSWORD, make_staff, make_user
from core.accounts.tests.mailbox import mailed
from core.guessing import forget_guesses
from core.models import ThrottleCount
from core.quick_redis import quick_redis

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth/"
HOME, OFFICE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def ladders(settings):
    """Two rungs a place, one for all strangers together."""
    settings.LOGIN_ATTEMPTS = ["3/minute", "5/hour"]
    settings.LOGIN_ATTEMPTS_ELSEWHERE = ["6/hour"]


def attempt(password: str, *, network: str = HOME, email: str = "ann@example.com", **body):
    client = with_api_middleware(APIClient())
    return client.post(f"{AUTH}login/", {"email": email, "password": password, **body}, REMOTE_ADDR=network)


def statuses(passwords: list[str], **where) -> list[int]:
    return [attempt(password, **where).status_code for password in passwords]


def a_minute_later(email: str = "ann@example.com", network: str = HOME) -> None:
    """The shortest time has passed at this place."""
    key = lockout.place_of(email=email, network=network).key
    forget_guesses([f"{key}:60"])


@pytest.mark.parametrize("email", ["ann@example.com", "nobody@example.com"])
def test_each_place_may_guess_a_few_times_and_then_waits_longer_and_longer(email):
    make_user(email="ann@example.com")
    assert statuses(["wrong"] * 4, email=email) == [401, 401, 401, 429]
    waiting = attempt(PASSWORD, email=email.upper())
    assert (waiting.status_code, waiting.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(waiting["Retry-After"]) <= 60
    a_minute_later(email)
    assert statuses(["wrong"] * 2, email=email) == [401, 401]
    assert int(attempt("wrong", email=email)["Retry-After"]) > 60
    assert attempt("wrong", email=email, network=OFFICE).status_code == 401


def test_a_right_password_begins_anew():
    make_user(email="ann@example.com")
    for _ in range(4):
        assert statuses(["wrong", "wrong", PASSWORD]) == [401, 401, 200]


def test_a_thousand_strangers_get_no_further_than_one_and_the_owner_gets_in():
    make_user(email="ann@example.com")
    assert attempt(PASSWORD, network=HOME).status_code == 200
    device = attempt(PASSWORD, network=OFFICE).json()["device"]
    RefreshFamily.objects.filter(network=lockout.place_of(email="", network=OFFICE).network_digest).delete()
    guesses = [attempt("wrong", network=f"198.51.100.{number}").status_code for number in range(1, 10)]
    assert guesses == [401] * 4 + [429] * 5  # two of the six were the owner's first logins
    assert attempt(PASSWORD, network="203.0.113.1").status_code == 429
    assert attempt(PASSWORD, network=HOME).status_code == 200
    assert attempt(PASSWORD, network="203.0.113.1", device=device).status_code == 200
    # Who guesses in the owner's own network stands in the way of the network, not of the device.
    assert statuses(["wrong"] * 4 + [PASSWORD]) == [401, 401, 401, 429, 429]
    assert attempt(PASSWORD, device=device).status_code == 200


@pytest.mark.parametrize("kind", ["forged", "another account's", "garbage"])
def test_a_device_that_never_signed_in_counts_as_none(kind):
    make_user(email="ann@example.com")
    make_user(email="bob@example.com")
    device = attempt(PASSWORD, email="bob@example.com").json()["device"]
    device = {"forged": device[:-2] + "xx", "garbage": "x"}.get(kind, device)
    assert statuses(["wrong"] * 4, device=device) == [401, 401, 401, 429]


def test_a_new_password_by_mail_opens_the_way_at_once(api_client):
    make_user(email="ann@example.com")
    statuses(["wrong"] * 4)
    [attempt("wrong", network=f"198.51.100.{number}") for number in range(1, 7)]
    assert attempt(PASSWORD).status_code == 429
    api_client.post(f"{AUTH}password/reset/", {"email": "ann@example.com"})
    parts = mailed("password_reset")
    body = {"uid": parts["uid"], "token": parts["token"], "new_password": "another-long-password"}
    assert api_client.post(f"{AUTH}password/reset/confirm/", body, REMOTE_ADDR=HOME).status_code == 204
    assert attempt("another-long-password").status_code == 200


def test_a_stolen_token_does_not_open_the_password_by_guessing(client_of):
    client = client_of(make_user())
    body = {"old_password": "wrong", "new_password": "another-long-password"}
    answers = [client.post(f"{AUTH}password/change/", body).status_code for _ in range(4)]
    assert answers == [400, 400, 400, 429]
    refused = client.post("/api/v1/users/email/change/", {"new_email": "b@example.com", "password": PASSWORD})
    assert refused.status_code == 429


def test_the_admins_door_counts_too():
    staff = make_staff(email="ann@example.com")

    def enter(password: str, network: str = HOME) -> int:
        form = {"username": staff.email, "password": password}
        return Client().post("/admin/login/", form, REMOTE_ADDR=network).status_code

    tried = [enter(password) for password in ("wrong", PASSWORD, "wrong", "wrong", "wrong", PASSWORD)]
    assert tried == [200, 302, 200, 200, 200, 200]
    assert attempt(PASSWORD).status_code == 429
    assert enter(PASSWORD, OFFICE) == 302


def test_nothing_is_counted_anew_when_redis_comes_and_goes(monkeypatch):
    make_user(email="ann@example.com")
    breaker = quick_redis().breaker
    answers = []
    for number, password in enumerate(["wrong", PASSWORD, "wrong", "wrong", "wrong", PASSWORD]):
        monkeypatch.setattr(breaker, "_open", number % 2 == 1)
        answers += statuses([password])
    assert answers == [401, 200, 401, 401, 401, 429]


def test_a_right_password_with_another_mistake_is_no_guess(client_of):
    client = client_of(make_user())
    body = {"old_password": PASSWORD, "new_password": "short"}
    assert [client.post(f"{AUTH}password/change/", body).status_code for _ in range(5)] == [400] * 5
    assert not ThrottleCount.objects.filter(key__startswith="login:").exists()


def test_the_network_is_not_stored():
    make_user(email="ann@example.com")
    attempt(PASSWORD)
    assert HOME not in RefreshFamily.objects.get().network
