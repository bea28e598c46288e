"""Staff see what was sent, and send it again."""

import pytest
from django.urls import reverse

from core.accounts.tests.factories import make_staff
from core.notifications.models import Mail
from core.notifications.tests.factories import make_mail

pytestmark = pytest.mark.django_db
MAILS = "/admin/notifications/mail/"


@pytest.fixture
def staff_client(client):
    client.force_login(make_staff())
    return client


@pytest.mark.parametrize("path", [MAILS, f"{MAILS}?state__exact=queued", f"{MAILS}?q=ada%40shop", f"{MAILS}?q=Welcome"])
def test_lists_and_searches_show_it(staff_client, path):
    make_mail()
    assert "ada@shop.example" in staff_client.get(path).content.decode()


def test_the_page_shows_the_source_inert(staff_client):
    mail = make_mail(context={"first_name": "<b>Ada</b>"})
    page = staff_client.get(reverse("admin:notifications_mail_change", args=[mail.pk])).content.decode()
    assert "&amp;lt;b&amp;gt;Ada" in page
    assert "<b>Ada" not in page


@pytest.mark.parametrize("kind", ["password_reset", "verify_email", "email_change"])
def test_the_page_does_not_tell_the_token(staff_client, kind):
    mail = make_mail(kind=kind, context={"token": "s3cr3t-t0ken", "uid": "MQ"})
    assert "s3cr3t-t0ken" in mail.text and "s3cr3t-t0ken" in mail.html
    page = staff_client.get(reverse("admin:notifications_mail_change", args=[mail.pk])).content.decode()
    assert "s3cr3t-t0ken" not in page


def test_a_failed_mail_is_sent_again_and_one_on_its_way_is_left(staff_client):
    failed, queued = make_mail(), make_mail()
    Mail.objects.filter(pk=failed.pk).update(state="failed", last_error="550 unknown")
    form = {"action": "send_again", "_selected_action": [failed.pk, queued.pk]}
    response = staff_client.post(MAILS, form, follow=True)
    assert [str(message) for message in response.context["messages"]] == [
        f"Mail {queued.pk} is queued: it is on its way.",
        "To be sent again: 1.",
    ]
    assert set(Mail.objects.values_list("state", flat=True)) == {"queued"}
