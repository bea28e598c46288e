"""What a mailbox proves: verification, a forgotten password, another address. Each token works once."""

from datetime import timedelta

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.utils import timezone

from core.accounts.mailed_tokens import VERIFY_EMAIL
from core.accounts.models import User
from core.accounts.tests.factories import PASSWORD, make_staff, make_user
from core.accounts.tests.mailbox import mailed, mails
from core.accounts.tokens import issue_tokens
from core.outbox.models import Event

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth/"
REGISTER, LOGIN, REFRESH = f"{AUTH}register/", f"{AUTH}login/", f"{AUTH}refresh/"
VERIFY, RESEND = f"{AUTH}verify-email/", f"{AUTH}verify-email/resend/"
RESET, CONFIRM, CHANGE = f"{AUTH}password/reset/", f"{AUTH}password/reset/confirm/", f"{AUTH}password/change/"
EMAIL_CHANGE, EMAIL_CONFIRM = "/api/v1/users/email/change/", "/api/v1/users/email/confirm/"
PROFILE = "/api/v1/users/profile/"
NEW_PASSWORD = "another-long-password"
REQUESTS = {RESET: "password_reset", RESEND: "verify_email"}


def registered(client, email: str = "ann@example.com") -> User:
    assert client.post(REGISTER, {"email": email, "password": PASSWORD}).status_code == 201
    return User.objects.get(email=email)


def refusal(answer) -> tuple:
    return answer.status_code, answer.json()["code"], [error["field"] for error in answer.json().get("errors", [])]


BAD_TOKEN = (400, "token_invalid", ["token"])


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_mailed_token_verifies_the_address_once(api_client, method):
    user = registered(api_client)
    mail = mailed("verify_email")
    assert (mail["recipient"], user.is_verified) == ("ann@example.com", False)
    body = {"token": mail["token"]}
    assert api_client.head(VERIFY, body).status_code == 204, "a scanner of mail looks where the link leads"
    answer = getattr(api_client, method)(VERIFY, body)
    assert (answer.status_code, answer.content) == (204, b"")
    if method == "get":
        assert answer["Referrer-Policy"] == "no-referrer"
    user.refresh_from_db()
    assert user.is_verified
    assert refusal(getattr(api_client, method)(VERIFY, body)) == BAD_TOKEN
    assert [mail.kind for mail in mails()] == ["user_registered"]


def test_a_token_that_is_not_good_verifies_nobody(api_client):
    user = registered(api_client)
    token = mailed("verify_email")["token"]
    other_purpose = signing.dumps(signing.loads(token, salt=VERIFY_EMAIL), salt="accounts.change-email")
    for bad in ("", "nonsense", token[:-1], f"{token}x", other_purpose, signing.dumps(5, salt=VERIFY_EMAIL)):
        answer = api_client.post(VERIFY, {"token": bad})
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["token"])
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=2), tick=False):
        assert refusal(api_client.post(VERIFY, {"token": token})) == BAD_TOKEN
    User.objects.update(email="bob@example.com")
    assert refusal(api_client.post(VERIFY, {"token": token})) == BAD_TOKEN
    user.refresh_from_db()
    assert not user.is_verified


@pytest.mark.parametrize("path", REQUESTS)
def test_who_asks_for_a_mail_learns_nothing(api_client, count_statements, path):
    make_user(email="ann@example.com")
    make_user(email="verified@example.com", is_verified=True)
    make_user(email="off@example.com", is_active=False)
    told, cost = set(), set()
    for name in ("ann", "verified", "off", "nobody"):
        with count_statements() as statements:
            answer = api_client.post(path, {"email": f"{name.upper()}@example.com"})
        told.add((answer.status_code, answer.content))
        cost.add(tuple(statement.split()[0] for statement in statements))
    assert told == {(202, b"")}
    assert cost == {("WITH", "SELECT", "INSERT")}  # the request is counted
    expected = {"ann@example.com"} | ({"verified@example.com"} if path == RESET else set())
    assert {mail.recipient for mail in mails()} == expected


@pytest.mark.parametrize(
    ("path", "is_verified", "kind"),
    [
        (RESET, False, "password_reset"),
        (RESEND, False, "verify_email"),
        (REGISTER, False, "verify_email"),
        (REGISTER, True, "registration_repeated"),
    ],
)
def test_a_mailbox_is_not_flooded(api_client, path, is_verified, kind):
    make_user(email="ann@example.com", is_verified=is_verified)
    body = {"email": "ann@example.com", "password": NEW_PASSWORD}
    with time_machine.travel("2026-11-21T12:00:01Z", tick=False) as clock:
        for _ in range(3):
            api_client.post(path, body)
        assert [mail.kind for mail in mails()] == [kind]
        clock.shift(timedelta(minutes=2))
        api_client.post(path, body)
        assert [mail.kind for mail in mails()] == [kind]


def test_a_forgotten_password_is_replaced_once_and_ends_every_login(api_client, settings):
    settings.ACCOUNT_PAGES_URL = "https://shop.example/account/"
    user = make_user(email="ann@example.com")
    pair = issue_tokens(user=user)
    api_client.post(RESET, {"email": "Ann@example.com"})
    [mail] = [mail for mail in mails() if mail.kind == "password_reset"]
    assert "https://shop.example/account/password/reset?uid=" in mail.text
    api_client.post(RESET, {"email": "ann@example.com"})
    parts = {"uid": "", "token": ""}
    for name in parts:
        parts[name] = mail.text.split(f"{name}=")[1].split()[0].split("&")[0]
    weak = api_client.post(CONFIRM, parts | {"new_password": "short"})
    assert (weak.status_code, {error["field"] for error in weak.json()["errors"]}) == (400, {"new_password"})
    assert api_client.post(CONFIRM, parts | {"new_password": NEW_PASSWORD}).status_code == 204
    assert refusal(api_client.post(CONFIRM, parts | {"new_password": PASSWORD})) == BAD_TOKEN
    assert api_client.get(PROFILE, HTTP_AUTHORIZATION=f"Bearer {pair.access}").status_code == 401
    assert api_client.post(REFRESH, {"refresh": pair.refresh}).status_code == 401
    statuses = [
        api_client.post(LOGIN, {"email": user.email, "password": password}).status_code
        for password in (PASSWORD, NEW_PASSWORD)
    ]
    assert statuses == [401, 200]
    # Who read the mail reads the mailbox.
    assert User.objects.get().is_verified
    assert Event.objects.filter(name="accounts.email_verified").count() == 1


@pytest.mark.parametrize("case", ["expired", "another user's", "nobody's", "garbage", "disabled", "password changed"])
def test_a_reset_token_that_is_not_good_changes_nothing(api_client, case):
    user, other = make_user(email="ann@example.com"), make_user()
    api_client.post(RESET, {"email": user.email})
    parts = mailed("password_reset") | {"new_password": NEW_PASSWORD}
    del parts["recipient"]
    before = other.password
    if case == "another user's":
        api_client.post(RESET, {"email": other.email})
        parts["uid"] = mailed("password_reset")["uid"]
    elif case in {"nobody's", "garbage"}:
        parts["uid"] = "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk" if case == "nobody's" else "é\ud7ff!"
    elif case == "disabled":
        User.objects.update(is_active=False)
    elif case == "password changed":
        user.set_password(PASSWORD)
        user.save()
    hours = 1 if case == "expired" else 0
    with time_machine.travel(timezone.now() + timedelta(hours=hours, seconds=2), tick=False):
        assert refusal(api_client.post(CONFIRM, parts)) == BAD_TOKEN
    other.refresh_from_db()
    assert other.password == before
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_a_password_is_changed_by_who_knows_it(client_of, api_client):
    user = make_user(email="ann@example.com")
    client = client_of(user)
    wrong = client.post(CHANGE, {"old_password": "wrong", "new_password": NEW_PASSWORD})
    assert refusal(wrong) == (400, "invalid", ["old_password"])
    weak = client.post(CHANGE, {"old_password": PASSWORD, "new_password": "password123"})
    assert refusal(weak) == (400, "invalid", ["new_password"])
    assert client.get(PROFILE).status_code == 200
    assert client.post(CHANGE, {"old_password": PASSWORD, "new_password": NEW_PASSWORD}).status_code == 204
    assert client.get(PROFILE).status_code == 401
    assert api_client.post(LOGIN, {"email": user.email, "password": NEW_PASSWORD}).status_code == 200


def test_logout_everywhere_ends_every_login_of_the_caller_alone(client_of):
    user, other = make_user(), make_user()
    phone, laptop, stranger = client_of(user), client_of(user), client_of(other)
    assert phone.post(f"{AUTH}logout/everywhere/").status_code == 204
    assert [client.get(PROFILE).status_code for client in (phone, laptop, stranger)] == [401, 401, 200]


@pytest.mark.parametrize("is_required", [True, False])
def test_the_shop_may_insist_on_a_verified_address(api_client, settings, is_required):
    settings.REQUIRE_VERIFIED_EMAIL = is_required
    registered(api_client)
    good, bad = ({"email": "ann@example.com", "password": password} for password in (PASSWORD, "wrong"))
    assert api_client.post(LOGIN, bad).status_code == 401
    answer = api_client.post(LOGIN, good)
    assert answer.status_code == (403 if is_required else 200)
    if is_required:
        assert answer.json()["code"] == "email_not_verified"
    api_client.post(VERIFY, {"token": mailed("verify_email")["token"]})
    assert api_client.post(LOGIN, good).status_code == 200


def test_another_address_is_taken_once_it_is_confirmed(client_of, api_client):
    user = make_user(email="ann@example.com")
    client = client_of(user)
    body = {"new_email": "New@Example.com", "password": PASSWORD}
    assert refusal(client.post(EMAIL_CHANGE, body | {"password": "wrong"})) == (400, "invalid", ["password"])
    assert refusal(client.post(EMAIL_CHANGE, body | {"new_email": "ANN@example.com"})) == (
        400,
        "invalid",
        ["new_email"],
    )
    assert (client.post(EMAIL_CHANGE, body).status_code, User.objects.get().email) == (202, "ann@example.com")
    arrived = {mail.kind: mail for mail in mails()}
    recipients = {kind: mail.recipient for kind, mail in arrived.items()}
    assert recipients == {"email_change": "New@example.com", "email_change_notice": "ann@example.com"}
    token = arrived["email_change"].text.split("token: ")[1].split()[0]
    assert api_client.post(EMAIL_CONFIRM, {"token": token}).status_code == 204
    user.refresh_from_db()
    assert (user.email, user.is_verified, user.new_email) == ("New@example.com", True, None)
    assert client.get(PROFILE).json()["email"] == "New@example.com"
    assert refusal(api_client.post(EMAIL_CONFIRM, {"token": token})) == BAD_TOKEN


@pytest.mark.parametrize("case", ["taken before", "taken meanwhile", "asked for another", "new password"])
def test_an_address_that_cannot_be_taken(client_of, api_client, case):
    user = make_user(email="ann@example.com")
    client = client_of(user)
    if case == "taken before":
        make_user(email="NEW@example.com")
    assert client.post(EMAIL_CHANGE, {"new_email": "new@example.com", "password": PASSWORD}).status_code == 202
    arrived = {mail.kind: mail for mail in mails()}
    if case == "taken before":
        assert arrived["registration_repeated"].recipient == "NEW@example.com"
        return
    token = arrived["email_change"].text.split("token: ")[1].split()[0]
    expected = BAD_TOKEN
    if case == "taken meanwhile":
        make_user(email="NEW@example.com")
        expected = (409, "email_taken", [])
    elif case == "asked for another":
        client.post(EMAIL_CHANGE, {"new_email": "other@example.com", "password": PASSWORD})
    else:
        client.post(CHANGE, {"old_password": PASSWORD, "new_password": NEW_PASSWORD})
    assert refusal(api_client.post(EMAIL_CONFIRM, {"token": token})) == expected
    assert User.objects.get(pk=user.pk).email == "ann@example.com"


@pytest.mark.parametrize(
    ("typed", "is_verified", "facts"),
    [
        ({"is_verified": "on"}, True, ["accounts.email_verified"]),
        ({"email": "bob@example.com"}, False, []),
        ({"email": "bob@example.com", "is_verified": "on"}, True, ["accounts.email_verified"]),
    ],
)
def test_staff_verify_an_address_and_a_new_one_is_not_verified(typed, is_verified, facts):
    user = make_user(email="ann@example.com")
    office = Client()
    office.force_login(make_staff())
    form = {"email": user.email, "is_active": "on", "language": "en", "username": ""} | typed
    assert office.post(f"/admin/accounts/user/{user.pk}/change/", form).status_code == 302
    user.refresh_from_db()
    assert user.is_verified == is_verified
    assert list(Event.objects.values_list("name", flat=True)) == facts
