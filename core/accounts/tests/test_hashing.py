"""Stored passwords: which hash, how dear, renewed at login, and the same work for whoever is unknown."""

import re
import time

import pytest
from django.contrib.auth.hashers import make_password

from core.accounts.hashers import TunedArgon2PasswordHasher
from core.accounts.models import User
from core.accounts.tests.factories import PASSWORD, make_user

ARGON2 = "core.accounts.hashers.TunedArgon2PasswordHasher"
BCRYPT = "core.accounts.hashers.TwelveRoundsBCryptPasswordHasher"
OLD = "django.contrib.auth.hashers.MD5PasswordHasher"
LOGIN, REGISTER = "/api/v1/auth/login/", "/api/v1/auth/register/"


class CountingHasher(TunedArgon2PasswordHasher):
    """argon2 that counts how often it was asked to work."""

    algorithm = "counting"
    memory_cost = 8
    work: list[str] = []

    def encode(self, password: str, salt: str) -> str:
        self.work.append("encode")
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        self.work.append("verify")
        return super().verify(password, encoded)


@pytest.mark.parametrize(
    ("hasher", "form"),
    [
        (ARGON2, r"argon2\$argon2id\$v=19\$m=19456,t=2,p=1\$.+"),
        (BCRYPT, r"bcrypt_sha256\$\$2b\$12\$.+"),
    ],
)
@pytest.mark.django_db
def test_new_passwords_are_stored_by_the_first_hasher(api_client, settings, hasher, form):
    settings.PASSWORD_HASHERS = [hasher]
    api_client.post(REGISTER, {"email": "ann@example.com", "password": PASSWORD})
    assert re.fullmatch(form, User.objects.get().password)
    assert api_client.post(LOGIN, {"email": "ann@example.com", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("old", [OLD, BCRYPT])
@pytest.mark.django_db
def test_an_old_hash_is_renewed_at_the_next_login(api_client, settings, old):
    settings.PASSWORD_HASHERS = [old]
    user = make_user(email="ann@example.com")
    settings.PASSWORD_HASHERS = [ARGON2, old]
    assert api_client.post(LOGIN, {"email": "ann@example.com", "password": "wrong"}).status_code == 401
    user.refresh_from_db()
    assert not user.password.startswith("argon2$")
    assert api_client.post(LOGIN, {"email": "ann@example.com", "password": PASSWORD}).status_code == 200
    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$")


@pytest.mark.django_db
def test_a_known_email_and_an_unknown_one_cost_the_same_work(api_client, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    make_user(email="ann@example.com")
    make_user(email="off@example.com", is_active=False)

    def work(path: str, email: str) -> int:
        CountingHasher.work.clear()
        api_client.post(path, {"email": email, "password": "wrong-but-long-enough"})
        return len(CountingHasher.work)

    logins = {name: work(LOGIN, f"{name}@example.com") for name in ("ann", "off", "nobody")}
    assert logins == {"ann": 1, "off": 1, "nobody": 1}
    registrations = {name: work(REGISTER, f"{name}@example.com") for name in ("ann", "off", "newcomer")}
    assert registrations == {"ann": 1, "off": 1, "newcomer": 1}


def test_argon2_costs_several_times_less_than_djangos_own(settings):
    costs = []
    for hasher in (ARGON2, "django.contrib.auth.hashers.Argon2PasswordHasher"):
        settings.PASSWORD_HASHERS = [hasher]
        tries = []
        for _ in range(3):
            began = time.process_time()
            make_password(PASSWORD)
            tries.append(time.process_time() - began)
        costs.append(min(tries))  # a busy machine adds to the cost and never takes from it
    ours, theirs = costs
    assert theirs / 50 < ours < theirs / 2
