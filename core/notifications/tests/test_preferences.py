"""Which mails somebody wants: over HTTP, in every optional mail, and at the one door that all mails go through."""

from html import unescape

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from core.accounts.tests.factories import make_user
from core.notifications.models import Mail
from core.notifications.preferences import preferences_of, unsubscribe_link
from core.notifications.services import queue_mail
from core.notifications.tests.factories import make_mail

pytestmark = pytest.mark.django_db
PREFERENCES = "/api/v1/notification-preferences/"


def write_to(user, *, kind: str = "back_in_stock") -> Mail | None:
    """A mail of this kind, if it is queued."""
    context = {"title": "Lamp", "product_url": "https://shop.example/lamp"}
    key = f"{kind}-{user.pk}-{Mail.objects.count()}"
    queue_mail(kind=kind, recipient=user.email, context=context, key=key, user_id=user.pk)
    return Mail.objects.filter(key=key).first()


def test_an_optional_kind_is_refused_and_wanted_again(client_of):
    user, other = make_user(), make_user()
    client = client_of(user)
    assert client.get(PREFERENCES).json() == dict.fromkeys(settings.OPTIONAL_MAILS, True)
    for is_wanted in (False, False, True):
        answer = client.patch(PREFERENCES, {"back_in_stock": is_wanted})
        assert (answer.status_code, answer.json()["back_in_stock"]) == (200, is_wanted)
        assert bool(write_to(user)) == is_wanted
        assert write_to(other)
        assert write_to(user, kind="user_registered")


@pytest.mark.parametrize("body", [{"user_registered": False}, {"password_reset": False, "marketing": False}])
def test_a_necessary_kind_cannot_be_refused(body, client_of):
    user = make_user()
    answer = client_of(user).patch(PREFERENCES, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == next(iter(body))
    assert all(preferences_of(user_id=user.pk).values())


def test_the_link_in_an_optional_mail_asks_first_and_ends_it_with_one_click(client):
    user = make_user()
    with time_machine.travel(timezone.now(), tick=False):  # the link has the second of its signing in it
        mail = write_to(user)
        link = unsubscribe_link(user_id=user.pk, kind=mail.kind)
    assert link in mail.text
    assert link in unescape(mail.html)
    page = link.removeprefix(settings.SHOP_URL)
    assert client.get(page).status_code == 200
    assert write_to(user), "looking at the page ends nothing"
    for _ in range(2):
        answer = client.post(page, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert write_to(user) is None
    assert preferences_of(user_id=user.pk) == dict.fromkeys(settings.OPTIONAL_MAILS, True) | {"back_in_stock": False}


def test_a_necessary_mail_has_no_such_link():
    mail = make_mail(user_id=make_user().pk)
    assert "unsubscribe" not in mail.text + mail.html


@pytest.mark.parametrize("token", ["forged", ""])
def test_a_link_that_is_not_ours_ends_nothing(token, client):
    assert client.post(f"/unsubscribe/?token={token}").status_code == 404


def test_the_own_notifications_are_listed(client_of):
    user = make_user()
    write_to(make_user())
    for _ in range(2):
        assert write_to(user, kind="user_registered")
    answer = client_of(user).get("/api/v1/notifications/")
    assert answer.json()["count"] == 2
    first = answer.json()["results"][0]
    assert first.keys() == {"id", "kind", "subject", "created_at", "sent_at"}
    assert first["kind"] == "user_registered"
