"""The copy of somebody's data holds all that he wrote and nothing that is not his, and comes once whatever dies."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import orjson
import pytest
import time_machine
from django.core import signing
from django.utils import timezone

from core.accounts.models import DataExport, User
from core.accounts.services import begin_erasure, exporting
from core.accounts.tests.factories import PASSWORD
from core.accounts.tests.mailbox import mailed, mails
from core.notifications.models import Mail
from core.notifications.services import SECRET_KINDS
from core.notifications.tests.test_every_mail import FOLDER, KINDS
from core.outbox.models import Delivery, Event
from core.outbox.services import spread_events, take_due_deliveries
from market.carts.tests.factories import make_cart, make_offer, make_stock_alert, make_wishlist
from market.catalog.models import Variant
from market.customers.models import Address
from market.orders.tests.factories import ADDRESS, make_buyer, make_order
from market.payments.models import Payment, Refund
from market.reviews.tests.factories import make_review
from tasks.exporting import build_export
from tasks.relay import deliver
from tests.test_erasure import KEY, Planter, body_of, dump, found_in, plant, words_of_staff, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
EXPORT, COPY = "/api/v1/users/profile/export/", "/api/v1/users/export/"
# What others wrote beside his things, for themselves.
OF_STAFF = {"object_repr", "change_message", "last_error"}
# What a program named its requests by, kept for a day: erased with the rest, but nothing that a person wrote.
OF_PROGRAMS = {KEY}
FOREIGN = "xq-foreign"
COST = Decimal("77.77")  # which no time in the copy reads like: a minute has 60 seconds
OPENERS = ("token", "uid", "link")
STATEMENTS = 29


@pytest.fixture
def owner() -> User:
    return make_buyer(is_verified=True)


def copy_of(token: str, client) -> dict:
    answer = client.get(COPY, {"token": token})
    assert answer.status_code == 200, answer.content
    return orjson.loads(answer.getvalue())


def asked(client) -> None:
    answer = client.post(EXPORT)
    assert (answer.status_code, answer.content) == (202, b"")


def make_foreigner(product) -> None:
    """Another customer, who has something of everything, some of it about the same product."""
    other = make_buyer(email=f"{FOREIGN}@shop.example", first_name=FOREIGN, is_verified=True)
    address = ADDRESS | {"name": FOREIGN, "line1": FOREIGN}
    Address.objects.create(customer=other.customer, **address)
    make_order(buyer=other, note=FOREIGN, shipping_address=address)
    make_order(email=f"{FOREIGN}@guests.example", note=FOREIGN)
    make_review(author=other, product=product, title=FOREIGN, body=FOREIGN, status="approved")
    make_wishlist(customer=other.customer, title=FOREIGN)
    make_cart(customer=other.customer, postal_code=FOREIGN)


def test_all_that_somebody_wrote_is_in_his_copy_and_nothing_of_others(owner, client_of, api_client):
    planter = Planter("zq4710999@planted.example")
    registration = planter.body(body_of("post", "auth/register/"))
    assert api_client.post("/api/v1/auth/register/", registration).status_code == 201
    person = User.objects.get(email=planter.email)
    User.objects.update(is_verified=True)
    order = plant(planter, person, client_of(person))
    make_stock_alert(customer=person.customer)
    make_order(email=planter.email.upper(), note=planter.text("note of a guest", {}))
    Variant.objects.update(cost=COST)
    make_foreigner(order.items.get().variant.product)
    words_of_staff(planter, person, order)
    work_off()
    Delivery.objects.filter(event__payload__order_id=order.pk).update(last_error=planter.text("last_error", {}))
    DataExport.objects.all().delete()  # asked for among the rest, before others wrote
    left_out = OF_STAFF | OF_PROGRAMS
    kept = {value: field for value, field in found_in(dump(), planter.values).items() if field not in left_out}
    asked(client_of(person))
    copy = copy_of(mailed("export_ready")["token"], api_client)
    text = orjson.dumps(copy).decode()
    assert found_in(text, planter.values) == kept
    assert FOREIGN not in text
    assert str(COST) not in text
    assert all(copy.values()), {name for name, part in copy.items() if not part}
    assert {mail["kind"] for mail in copy["mails"] if mail["text"] is None} <= SECRET_KINDS


def test_orders_come_with_all_that_the_shop_tells_of_them(owner, client_of, api_client):
    order = make_order(buyer=owner)
    payment = Payment.objects.get(order=order)
    refund = Refund.objects.create(payment=payment, amount=Decimal("1.50"), reference="staff-17")
    client = client_of(owner)
    shown = client.get(f"/api/v1/orders/{order.number}/").json()
    asked(client)
    [copied] = copy_of(mailed("export_ready")["token"], api_client)["orders"]
    for name in ("number", "grand_total", "items", "discounts", "shipping_address", "note", "placed_at", "status"):
        assert copied[name] == shown[name], name
    assert copied["refunds"][0]["amount"] == shown["refunds"][0]["amount"] == "1.50"
    assert UUID(copied["refunds"][0]["id"]) == refund.pk
    assert copied["events"][0]["kind"] == shown["events"][0]["kind"] == "placed"
    assert copied["payments"][0]["amount"] == shown["payments"][0]["amount"]
    assert "staff-17" not in orjson.dumps([copied, shown]).decode()


def test_the_link_opens_one_copy_for_seven_days(owner, client_of, api_client):
    client = client_of(owner)
    asked(client)
    asked(client)  # while it is being made
    assert Event.objects.filter(name="accounts.export_requested").count() == 1
    token = mailed("export_ready")["token"]
    answer = api_client.get(COPY, {"token": token})
    account = orjson.loads(answer.getvalue())["account"]
    assert (account["email"], account["language"]) == (owner.email, "en")
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("private, no-store", "no-referrer")
    assert answer["Content-Disposition"].startswith("attachment")
    forged = signing.dumps(signing.loads(token, salt=exporting.SALT), salt="accounts.verify-email")
    for bad in (token[:-1], forged, "x", signing.dumps("x", salt=exporting.SALT)):
        refused = api_client.get(COPY, {"token": bad})
        assert (refused.status_code, refused.json()["code"]) == (404, "export_not_found"), bad
    assert api_client.get(COPY).status_code == 400
    with time_machine.travel(timezone.now() + exporting.LIFETIME, tick=False):
        assert api_client.get(COPY, {"token": token}).status_code == 404
        assert exporting.prune_exports(limit=10) == 1
    assert api_client.get(COPY, {"token": token}).status_code == 404


@pytest.mark.parametrize(
    "end", ["another copy", "a password", "an address", "an address by staff", "the end of the account"]
)
def test_a_link_ends_before_its_time_with(owner, client_of, api_client, end):
    client = client_of(owner)
    asked(client)
    token = mailed("export_ready")["token"]
    if end == "another copy":
        asked(client)
        assert copy_of(mailed("export_ready")["token"], api_client)
        assert DataExport.objects.count() == 1
    elif end == "a password":
        owner.set_password(PASSWORD)
        owner.save()
    elif end == "an address":
        User.objects.filter(pk=owner.pk).update(token_version=owner.token_version + 1)
    elif end == "an address by staff":
        User.objects.filter(pk=owner.pk).update(email="another@shop.example")
    else:
        User.objects.filter(pk=owner.pk).update(erase_at=timezone.now())
        assert begin_erasure(user_id=owner.pk)
    assert api_client.get(COPY, {"token": token}).status_code == 404


def test_who_gets_none(owner, client_of):
    stranger = make_buyer()
    answer = client_of(stranger).post(EXPORT)
    assert (answer.status_code, answer.json()["code"]) == (409, "email_not_verified")
    User.objects.filter(pk=owner.pk).update(erased_at=timezone.now())
    with pytest.raises(exporting.AccountErased):
        exporting.request_export(user_id=owner.pk)
    assert not DataExport.objects.exists()


def test_it_has_a_limit_of_its_own(owner, client_of, settings, nothing_counted):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"export": "2/minute"}
    client = client_of(owner)
    assert [client.post(EXPORT).status_code for _ in range(3)] == [202, 202, 429]


class Killed(BaseException):
    """The worker dies here."""


def test_a_worker_that_dies_half_way_leaves_nothing_and_the_next_makes_it_once(owner, client_of, monkeypatch):
    asked(client_of(owner))
    spread_events(limit=100)
    reached = []

    def die(name: str) -> None:
        reached.append(name)
        raise Killed

    [pairs] = take_due_deliveries(limit=100).values()
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(exporting, "fault_point", die)
        deliver(pairs)
    export = DataExport.objects.get()
    assert (reached, export.ready_at, export.parts.count(), Mail.objects.count()) == (["export.half"], None, 0, 0)
    asked(client_of(owner))  # it is still the one
    assert Event.objects.count() == 1
    Delivery.objects.update(due_at=timezone.now())
    [pairs] = take_due_deliveries(limit=100).values()
    deliver(pairs)
    build_export(export_id=export.pk)
    assert (DataExport.objects.get().pk, Mail.objects.get().kind) == (export.pk, "export_ready")


def test_one_that_was_never_finished_is_given_up_after_a_day(owner, client_of, api_client):
    asked(client_of(owner))
    Event.objects.all().delete()
    with time_machine.travel(timezone.now() + exporting.PATIENCE + timedelta(seconds=1)):
        asked(client_of(owner))
        assert copy_of(mailed("export_ready")["token"], api_client)
    assert DataExport.objects.count() == 1


def test_an_erasure_that_began_meanwhile_wins(owner, client_of):
    asked(client_of(owner))
    User.objects.filter(pk=owner.pk).update(erased_at=timezone.now())
    assert (mails(), DataExport.objects.count()) == ([], 0)


@pytest.mark.parametrize("things", [1, 10])
def test_statements_do_not_grow_with_what_there_is(owner, client_of, count_statements, things):
    for number in range(things):
        order = make_order(buyer=owner)
        Refund.objects.create(payment=Payment.objects.get(order=order), amount=Decimal("0.01"), reference="r")
        make_review(author=owner)
        make_wishlist(customer=owner.customer, variants=[make_offer()], title=str(number))
        Address.objects.create(customer=owner.customer, **ADDRESS)
    mails()
    asked(client_of(owner))
    export = DataExport.objects.get()
    with count_statements() as statements:
        build_export(export_id=export.pk)
    assert len(statements) == STATEMENTS, statements


def test_what_opens_something_is_left_out_of_the_mails():
    opening = {
        kind for kind in KINDS if any(f"{{{{ {name}" in (FOLDER / f"{kind}.txt").read_text() for name in OPENERS)
    }
    assert opening == SECRET_KINDS
