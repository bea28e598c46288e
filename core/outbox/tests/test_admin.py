"""Staff see what happened, and decide about dead letters."""

import pytest
from django.urls import reverse

from core.accounts.tests.factories import make_staff
from core.outbox.models import Delivery
from core.outbox.tests.factories import handler_of, make_delivery, something_happened

pytestmark = pytest.mark.django_db
DELIVERIES = "/admin/outbox/delivery/"


@pytest.fixture
def staff_client(client):
    client.force_login(make_staff())
    return client


@pytest.fixture
def dead() -> Delivery:
    with handler_of(something_happened, lambda event: None):
        delivery = make_delivery(order="S7K4")
    Delivery.objects.update(state="dead", attempts=5, last_error="ZeroDivisionError: no such luck")
    return delivery


def act(client, delivery: Delivery, **form) -> tuple[str, list[str]]:
    """Do an action to the delivery; answers its state then, and what staff are told."""
    response = client.post(DELIVERIES, {"_selected_action": [delivery.pk]} | form, follow=True)
    assert response.status_code == 200
    delivery.refresh_from_db()
    return delivery.state, [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"{DELIVERIES}?state__exact=dead", "ZeroDivisionError"),
        (f"{DELIVERIES}?q=no+such+luck", "ZeroDivisionError"),
        (f"{DELIVERIES}?q=something_happened", "ZeroDivisionError"),
        ("/admin/outbox/event/", "tests.something_happened"),
        ("/admin/outbox/event/?q=S7K4", "tests.something_happened"),
    ],
)
def test_lists_and_searches_show_it(staff_client, dead, path, shown):
    assert shown in staff_client.get(path).content.decode()


def test_a_search_that_finds_nothing_says_so(staff_client, dead):
    page = staff_client.get(f"{DELIVERIES}?q={'0' * 32}").content.decode()
    assert "0 deliveries" in page


def test_an_events_page_shows_its_deliveries(staff_client, dead):
    page = staff_client.get(reverse("admin:outbox_event_change", args=[dead.event_id])).content.decode()
    assert "ZeroDivisionError: no such luck" in page


def test_nothing_can_be_added_or_deleted(staff_client, dead):
    assert staff_client.get(f"{DELIVERIES}add/").status_code == 403
    assert staff_client.post(f"{DELIVERIES}{dead.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Delivery.objects.filter(pk=dead.pk).exists()


def test_a_dead_letter_is_retried(staff_client, dead):
    assert act(staff_client, dead, action="retry") == ("pending", [])
    assert act(staff_client, dead, action="retry") == ("pending", [f"Delivery {dead.pk} is pending, not dead."])


def test_a_dead_letter_is_dismissed_with_a_reason_only(staff_client, dead):
    assert act(staff_client, dead, action="dismiss") == ("dead", ["A dead letter is dismissed with a reason."])
    assert act(staff_client, dead, action="dismiss", reason="Told by phone") == ("dismissed", [])
    assert dead.dismissed_reason == "Told by phone"


def test_staff_without_the_permission_decide_nothing(client, dead):
    user = make_staff(is_superuser=False)
    client.force_login(user)
    assert client.post(DELIVERIES, {"action": "retry", "_selected_action": [dead.pk]}).status_code == 403
    dead.refresh_from_db()
    assert dead.state == "dead"
