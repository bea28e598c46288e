"""The own profile over HTTP."""

import pytest
import time_machine

from core.accounts.tests.factories import make_user

pytestmark = pytest.mark.django_db
PROFILE = "/api/v1/users/profile/"


def test_the_profile_shows_the_caller(client_of):
    user = make_user(email="ann@example.com", first_name="Ann", last_name="Lee", is_verified=True)
    answer = client_of(user).get(PROFILE)
    assert answer.status_code == 200
    profile = answer.json()
    assert profile.pop("created_at").endswith("Z")
    assert profile.pop("updated_at").endswith("Z")
    assert profile.pop("membership")["tier"] == "bronze"
    assert profile == {
        "email": "ann@example.com",
        "first_name": "Ann",
        "last_name": "Lee",
        "full_name": "Ann Lee",
        "language": "en",
        "phone": "",
        "birth_date": None,
        "role": "customer",
        "is_verified": True,
    }


def test_an_answer_can_be_put_back_with_changes(client_of):
    client = client_of(make_user(first_name="Ann", last_name="Lee"))
    profile = client.get(PROFILE).json()
    answer = client.put(PROFILE, profile | {"phone": "+44 20 7946 0958", "birth_date": "1990-05-17"})
    assert answer.status_code == 200
    changed = client.get(PROFILE).json()
    assert changed == answer.json()
    assert changed.items() >= {"phone": "+44 20 7946 0958", "birth_date": "1990-05-17", "full_name": "Ann Lee"}.items()
    assert client.patch(PROFILE, {"birth_date": None}).json()["birth_date"] is None


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"full_name": "Mary Ann Evans"}, ("Mary Ann", "Evans")),
        ({"full_name": "Plato"}, ("Plato", "")),
        ({"full_name": ""}, ("", "")),
        ({"first_name": "Anna"}, ("Anna", "Lee")),
        ({"first_name": "Anna", "full_name": "Ann Lee"}, ("Anna", "Lee")),
    ],
)
def test_names_are_written_in_one_piece_or_in_two(client_of, change, names):
    user = make_user(first_name="Ann", last_name="Lee")
    assert client_of(user).patch(PROFILE, change).status_code == 200
    user.refresh_from_db()
    assert (user.first_name, user.last_name) == names


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "call me"),
        ("phone", "1" * 33),
        ("birth_date", "1850-01-01"),
        ("birth_date", "2999-01-01"),
        ("birth_date", "yesterday"),
        ("first_name", "x" * 151),
        ("first_name", "Ann\nBcc: all@shop.example"),
        ("full_name", ["Ann"]),
    ],
)
def test_wrong_values_are_refused_by_name_and_change_nothing(client_of, field, value):
    client = client_of(make_user(first_name="Ann"))
    before = client.get(PROFILE).json()
    answer = client.patch(PROFILE, {"last_name": "Lee", field: value})
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {field}
    assert client.get(PROFILE).json() == before


def test_nobody_is_born_after_today(client_of):
    with time_machine.travel("2026-03-05T12:00:00Z", tick=False):
        client = client_of(make_user())
        statuses = [client.patch(PROFILE, {"birth_date": f"2026-03-0{day}"}).status_code for day in (5, 6)]
        assert (statuses, client.get(PROFILE).json()["birth_date"]) == ([200, 400], "2026-03-05")


def test_nobody_raises_himself(client_of):
    user = make_user(email="ann@example.com")
    body = {
        "email": "root@example.com",
        "is_staff": True,
        "is_superuser": True,
        "role": "admin",
        "is_verified": True,
        "id": 1,
    }
    assert client_of(user).put(PROFILE, body).status_code == 200
    user.refresh_from_db()
    assert (user.email, user.is_staff, user.is_superuser, user.is_verified) == ("ann@example.com", False, False, False)


def test_without_a_token_there_is_no_profile(api_client):
    assert api_client.get(PROFILE).status_code == 401
    assert api_client.put(PROFILE, {}).status_code == 401
    assert api_client.delete(PROFILE).status_code == 401
