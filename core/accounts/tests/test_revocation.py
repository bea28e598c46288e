"""A token ends when its user is disabled, deleted, signed out or given a new password, whoever does it."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from conftest import with_api_middleware
from core import housekeeping
from core.accounts import tokens
from core.accounts.api.authentication import ShoppingAuthentication
from core.accounts.lockout import Place
from core.accounts.models import RefreshFamily, TokenRevocation, User
from core.accounts.revocations import RevocationList
from core.accounts.services import BadCredentials, sign_in
from core.accounts.tests.factories import PASSWORD, make_staff, make_user
from core.accounts.tokens import InvalidToken, access_of, issue_tokens, revoke_all

pytestmark = pytest.mark.django_db
PROFILE, LOGIN, REFRESH = "/api/v1/users/profile/", "/api/v1/auth/login/", "/api/v1/auth/refresh/"
NEW_PASSWORD = "another-long-password"


def set_password(user: User) -> None:
    user.set_password(NEW_PASSWORD)
    user.save()


def set_password_in_admin(user: User) -> None:
    office = Client()
    office.force_login(make_staff())
    form = {"usable_password": "true", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert office.post(f"/admin/accounts/user/{user.pk}/password/", form).status_code == 302


def take_password_in_admin(user: User) -> None:
    office = Client()
    office.force_login(make_staff())
    form = {"usable_password": "false", "unset-password": "1"}
    assert office.post(f"/admin/accounts/user/{user.pk}/password/", form).status_code == 302
    assert not User.objects.get(pk=user.pk).has_usable_password()


def sign_out_in_admin(user: User) -> None:
    office = Client()
    office.force_login(make_staff())
    form = {"action": "sign_out_everywhere", "_selected_action": [user.pk]}
    assert office.post("/admin/accounts/user/", form).status_code == 302


ENDS = {
    "disabled by a set statement": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "deleted": lambda user: user.delete(),
    "new password": set_password,
    "new password in the admin": set_password_in_admin,
    "no password any more": take_password_in_admin,
    "signed out in the admin": sign_out_in_admin,
}


def is_revoked_for_shopping(access: str) -> bool:
    """What a process that has just read the list says."""
    known = access_of(access)
    fresh = RevocationList()
    fresh.read()
    fresh.hold(fresh._not_before)
    return fresh.is_revoked(user_id=known.user_id, issued_at=known.issued_at)


@pytest.mark.parametrize("end", ENDS)
def test_both_tokens_end(api_client, end):
    user, stranger = make_user(), make_user()
    pair, other = issue_tokens(user=user), issue_tokens(user=stranger)
    assert not is_revoked_for_shopping(pair.access)
    assert api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {pair.access}").status_code == 200
    ENDS[end](user)
    assert api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {pair.access}").status_code == 401
    assert api_client.post(REFRESH, {"refresh": pair.refresh}).status_code == 401
    assert is_revoked_for_shopping(pair.access)
    assert not is_revoked_for_shopping(other.access)
    assert api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {other.access}").status_code == 200


def test_who_signs_in_right_after_a_new_password_gets_good_tokens(api_client):
    user = make_user()
    old = issue_tokens(user=user)
    set_password(user)
    new = api_client.post(LOGIN, {"email": user.email, "password": NEW_PASSWORD}).json()
    statuses = [
        api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {access}").status_code
        for access in (old.access, new["access"])
    ]
    assert statuses == [401, 200]
    assert not is_revoked_for_shopping(new["access"])


def test_a_disabled_user_who_is_enabled_again_signs_in_anew(api_client):
    user = make_user()
    pair = issue_tokens(user=user)
    for is_active in (False, True):
        User.objects.update(is_active=is_active)
    assert api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {pair.access}").status_code == 401
    assert api_client.post(REFRESH, {"refresh": pair.refresh}).status_code == 401
    assert api_client.post(LOGIN, {"email": user.email, "password": PASSWORD}).status_code == 200


def test_an_old_hash_renewed_at_login_ends_nothing(api_client, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    user = make_user()
    pair = issue_tokens(user=user)
    settings.PASSWORD_HASHERS = ["core.accounts.hashers.TunedArgon2PasswordHasher", *settings.PASSWORD_HASHERS]
    assert api_client.post(LOGIN, {"email": user.email, "password": PASSWORD}).status_code == 200
    assert User.objects.get().password.startswith("argon2$")
    assert api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {pair.access}").status_code == 200
    assert not TokenRevocation.objects.exists()


@pytest.mark.parametrize("change", [{"password": "changed"}, {"is_active": False}])
def test_who_changed_since_his_password_was_checked_gets_no_tokens(change):
    user = make_user()
    User.objects.update(**change)
    with pytest.raises(InvalidToken):
        issue_tokens(user=user)
    assert not RefreshFamily.objects.exists()


@pytest.mark.parametrize("is_good_still", [True, False])
def test_a_login_whose_hash_changes_meanwhile_is_judged_by_the_new_one(monkeypatch, is_good_still):
    make_user(email="ann@example.com")
    place = Place(email="ann@example.com", network="192.0.2.1")
    changes = [make_password(PASSWORD if is_good_still else NEW_PASSWORD)]
    issue = tokens.issue_tokens

    def change_first(*, user: User, network: str):
        while changes:
            User.objects.update(password=changes.pop())
        return issue(user=user, network=network)

    monkeypatch.setattr(tokens, "issue_tokens", change_first)
    if is_good_still:
        assert sign_in(place=place, password=PASSWORD)[1].access
    else:
        with pytest.raises(BadCredentials):
            sign_in(place=place, password=PASSWORD)
    assert RefreshFamily.objects.count() == is_good_still


def test_who_never_signed_in_has_nothing_to_revoke(count_statements):
    user = make_user()
    with count_statements() as statements:
        revoke_all(user_id=user.pk)
    assert (len(statements), TokenRevocation.objects.exists()) == (1, False)


def test_a_list_that_was_not_read_lately_does_not_tell():
    access = access_of(issue_tokens(user=make_user()).access)
    known = {"user_id": access.user_id, "issued_at": access.issued_at}
    stale = RevocationList()
    stale._thread = object()  # one that died
    assert stale.is_revoked(**known) is None
    stale.read()
    assert stale.is_revoked(**known) is False
    stale._good_until = time.monotonic() - 0.001
    assert stale.is_revoked(**known) is None


def test_without_a_list_the_user_is_looked_up(monkeypatch, count_statements):
    stale = RevocationList()
    stale._thread = object()
    monkeypatch.setattr("core.accounts.api.authentication.revocations", lambda: stale)
    user = make_user()
    access = access_of(issue_tokens(user=user).access)
    with count_statements() as statements:
        assert ShoppingAuthentication().user_of(access).pk == user.pk
    assert len(statements) == 1
    User.objects.update(is_active=False)
    with pytest.raises(InvalidToken):
        ShoppingAuthentication().user_of(access)


def test_a_token_seen_before_is_not_checked_again_and_still_expires(monkeypatch):
    token = issue_tokens(user=make_user()).access
    first = access_of(token)
    checked = []
    monkeypatch.setattr(tokens, "_checked", lambda token: checked.append(token))
    assert (access_of(token), checked) == (first, [])
    later = first.expires_at + timedelta(seconds=1)
    monkeypatch.setattr(tokens.timezone, "now", lambda: later)
    with pytest.raises(InvalidToken):
        access_of(token)


def test_the_memo_of_tokens_is_bounded(monkeypatch):
    monkeypatch.setattr(tokens, "MAX_VERIFIED", 3)
    user = make_user()
    for _ in range(10):
        access_of(issue_tokens(user=user).access)
    assert len(tokens._verified) <= 3


def test_bad_tokens_are_not_remembered():
    before = dict(tokens._verified)
    with pytest.raises(InvalidToken):
        access_of("nonsense")
    assert tokens._verified == before


def test_revocations_that_no_token_can_meet_are_pruned():
    for user, minutes in ((make_user(), 5), (make_user(), 31)):
        TokenRevocation.objects.create(user=user, not_before=timezone.now() - timedelta(minutes=minutes))
    assert housekeeping.prune_token_revocations(limit=10) == 1
    assert TokenRevocation.objects.count() == 1


def test_a_client_of_a_cart_is_told_to_sign_in_again():
    client = with_api_middleware(APIClient())
    client.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    assert client.post("/api/v1/carts/", {}).status_code == 401
