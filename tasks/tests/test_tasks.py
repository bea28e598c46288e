"""Every task that beat or a worker may run twice leaves the state that once leaves."""

from datetime import timedelta
from io import BytesIO

import pytest
import redis
from celery import current_app
from django.apps import apps
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from PIL import Image

from core.accounts.models import RefreshFamily
from core.accounts.tests.factories import make_staff
from core.models import Change, Heartbeat, IdempotencyKey, ScheduleSlot
from core.notifications.models import Mail
from core.notifications.services import take_due_mails
from core.notifications.tests.factories import make_mail
from core.operations.registry import operation_named
from core.operations.services import create_run, start_run
from core.operations.services.working import take_due_runs
from core.outbox.models import Event
from core.outbox.services import spread_events, take_due_deliveries
from market.carts.models import Cart
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.models import PendingDocument, PlannedPrice
from market.catalog.services import add_image, create_collection, request_images
from market.catalog.tests.factories import make_product
from market.inventory.models import AwaitedStock
from market.orders.models import Order
from market.orders.tests.factories import make_buyer, make_order
from market.reviews.models import ReviewRequest
from tasks.celery_settings import QUEUES
from tasks.housekeeping import PRUNERS
from tasks.schedule import SCHEDULES, sync_schedules
from tasks.tests.smtp_server import mail_server
from tests.running import free_port

pytestmark = pytest.mark.django_db
MOMENTS = {"seen_at", "updated_at"}


def shop_tasks() -> list[str]:
    """The names of the tasks that are ours."""
    current_app.loader.import_default_modules()
    return sorted(name for name in current_app.tasks if not name.startswith("celery."))


def state() -> dict[str, list]:
    """Every row of every table of the shop, without the moments that a repeat may move."""
    return {
        model._meta.label: [
            {name: value for name, value in row.items() if name not in MOMENTS}
            for row in model._default_manager.order_by("pk").values()
        ]
        for model in apps.get_models()
        if model._meta.app_label not in {"contenttypes", "auth", "sessions", "admin", "django_celery_beat"}
    }


@pytest.fixture
def queues(settings):
    """The broker's queues, which no worker reads while these tests run."""
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.delete(*QUEUES)
        yield lambda: {queue: client.llen(queue) for queue in QUEUES if client.llen(queue)}
        client.delete(*QUEUES)


@pytest.fixture
def old_rows(queues, settings, tmp_path):
    """Something for every task to do."""
    settings.MEDIA_ROOT = tmp_path
    create_collection(title="Cheap", rules={"max_price": "5.00"})
    Image.new("RGB", (400, 300)).save(picture := BytesIO(), format="PNG")
    product = make_product()
    add_image(product_id=product.pk, file=BytesIO(picture.getvalue()))
    request_images(product_id=product.pk, urls=["http://127.0.0.1/private.png"])
    make_order()
    make_order()
    make_mail()
    start_run(run_id=create_run(operation=operation_named("reprice"), params={"percent": "10"}).pk)
    long_ago = timezone.now() - timedelta(days=400)
    Order.objects.filter(pk=Order.objects.first().pk).update(reserved_until=long_ago)
    ReviewRequest.objects.create(order=Order.objects.latest("pk"), due_at=long_ago)
    make_cart(expires_at=long_ago)
    AwaitedStock.objects.create(variant=make_offer())
    make_buyer(erase_at=long_ago)
    PendingDocument.objects.create(product_id=1)
    planned = {"variant": product.variants.get(), "price": "4.00", "starts_at": long_ago}
    PlannedPrice.objects.create(**planned, sku="MUG", due_at=long_ago)
    old_event = Event.objects.create(name="tests.forgotten", payload={}, created_at=long_ago, relayed_at=long_ago)
    Change.objects.create(topic="product", key="1", xid=1)
    Change.objects.update(created_at=long_ago)
    ScheduleSlot.objects.create(name="outbox.relay", slot_at=long_ago, claimed_at=long_ago)
    ScheduleSlot.objects.create(name="outbox.relay", slot_at=timezone.now())
    IdempotencyKey.objects.create(scope="s", key="k", fingerprint="f", status=201, created_at=long_ago)
    RefreshFamily.objects.create(user=make_buyer(), current_jti="j", expires_at=long_ago)
    Session.objects.create(session_key="old", expire_date=long_ago)
    Session.objects.create(session_key="new", expire_date=timezone.now() + timedelta(days=1))
    return old_event


def arguments_of(task: str) -> list:
    """What the task is sent with, taken from the rows as they are."""
    return SAMPLE_ARGUMENTS[task]()


def due_deliveries() -> list:
    spread_events(limit=100)
    return [take_due_deliveries(limit=100)["notifications"]]


def due_mails() -> list:
    current_app.tasks["outbox.deliver"](*due_deliveries())
    return [take_due_mails(limit=100)]


# Every task has an entry: one that cannot be run twice here has not been shown to be safe.
SAMPLE_ARGUMENTS = {
    "accounts.erase_users": list,
    "catalog.walk": list,
    "catalog.push_documents": list,
    "catalog.apply_price_changes": list,
    "catalog.evaluate_collections": list,
    "catalog.fetch_images": list,
    "catalog.render_images": list,
    "checkout.expire_unpaid_orders": list,
    "customers.recompute_memberships": list,
    "inventory.publish_awaited_stock": list,
    "notifications.send_mails": due_mails,
    "notifications.sweep_mails": list,
    "operations.advance": lambda: list(take_due_runs()[0]),
    "operations.sweep": list,
    "outbox.deliver": due_deliveries,
    "outbox.relay": list,
    "reviews.request_reviews": list,
    "system.heartbeat": lambda: ["default"],
    "system.prune": list,
}


def test_every_task_has_sample_arguments():
    assert shop_tasks() == sorted(SAMPLE_ARGUMENTS)


@pytest.mark.parametrize("name", shop_tasks())
def test_twice_is_once(name, old_rows, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    task = current_app.tasks[name]
    arguments = arguments_of(name)
    before = state()
    with mail_server(settings.EMAIL_PORT) as server:
        task(*arguments)
        once, arrived = state(), len(server.accepted)
        task(*arguments)
    assert once != before, "the task had nothing to do"
    assert state() == once
    assert len(server.accepted) == arrived


def test_pruning_takes_what_is_old_alone(old_rows):
    current_app.tasks["system.prune"]()
    assert not Event.objects.filter(pk=old_rows.pk).exists()
    assert Event.objects.filter(name="orders.order_placed").count() == 2
    assert Cart.objects.count() == 2
    assert not Change.objects.filter(xid=1).exists()
    assert [session.pk for session in Session.objects.all()] == ["new"]
    assert ScheduleSlot.objects.get().slot_at > timezone.now() - timedelta(hours=1)
    assert not RefreshFamily.objects.exists()
    assert not IdempotencyKey.objects.filter(scope="s").exists()


def test_a_kind_that_cannot_be_pruned_keeps_no_other_from_it(old_rows, monkeypatch):
    def broken(*, limit: int) -> int:
        raise LookupError("this table is gone")

    monkeypatch.setattr("tasks.housekeeping.PRUNERS", (broken, *PRUNERS, broken))
    with pytest.raises(LookupError):
        current_app.tasks["system.prune"]()
    assert not Event.objects.filter(pk=old_rows.pk).exists()
    assert not RefreshFamily.objects.exists()


def test_only_overdue_orders_are_released(old_rows):
    current_app.tasks["checkout.expire_unpaid_orders"]()
    assert sorted(Order.objects.values_list("status", flat=True)) == ["canceled", "pending"]


def test_a_heartbeat_names_its_queue(queues):
    current_app.tasks["system.heartbeat"]("webhooks")
    assert Heartbeat.objects.get().name == "worker:webhooks"


def test_the_relay_sends_small_messages_to_the_handlers_queue(queues):
    for _ in range(3):
        make_order()
    current_app.tasks["outbox.relay"]()
    assert queues() == {"notifications": 1}
    current_app.tasks["outbox.relay"]()
    assert queues() == {"notifications": 1}


def test_no_mail_is_sent_before_its_sweep(queues, old_rows):
    current_app.tasks["outbox.deliver"](*arguments_of("outbox.deliver"))
    current_app.tasks["notifications.sweep_mails"]()
    assert queues() == {"notifications": 1}
    assert set(Mail.objects.values_list("state", flat=True)) == {"queued"}


def test_the_admin_lists_and_shows_the_schedules(client):
    client.force_login(make_staff())
    sync_schedules()
    page = client.get("/admin/django_celery_beat/periodictask/").content.decode()
    for schedule in SCHEDULES:
        assert schedule.name in page
    relay = PeriodicTask.objects.get(name="outbox.relay")
    assert client.get(f"/admin/django_celery_beat/periodictask/{relay.pk}/change/").status_code == 200
