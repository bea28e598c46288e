"""Each rule sees the violation that is planted against it, and names the row."""

import json
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from core.outbox.models import Delivery, Event
from core.outbox.services import note_handlers
from tasks.invariants import CHECKS
from tasks.invariants.engine import Evidence, result_of
from tasks.tests.planting import Shop, drop_constraints, make_shop, plant
from tasks.tests.violations import PLANTED

pytestmark = [pytest.mark.django_db]

WITNESSED = [
    (
        "every acknowledged order exists as it was acknowledged",
        Evidence(acknowledged=[{"number": "LOST"}]),
        "LOST: acknowledged, but there is no such order",
    ),
    (
        "the provider's ledger and our captures match one to one",
        Evidence(provider_ledger=[{"reference": "ch_1", "amount": "14.95", "currency": "GBP"}]),
        "ch_1: 14.95 GBP charged by the provider, unknown here",
    ),
]
TABLES = (
    "inventory_stockitem",
    "inventory_reservation",
    "orders_order",
    "orders_orderitem",
    "payments_payment",
    "core_idempotencykey",
    "outbox_delivery",
)


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def violations(evidence: Evidence = Evidence()) -> dict[str, list[str]]:  # noqa: B008 - it is frozen
    """What each violated rule names."""
    results = [result_of(check, evidence) for check in CHECKS]
    return {result.rule: result.offenders for result in results if result.state == "violated"}


def said(text: str, shop: Shop) -> str:
    """The expected words with this shop's ids in them."""
    with connection.cursor() as cursor:

        def one(sql: str) -> object:
            cursor.execute(sql)
            return cursor.fetchone()[0]

        return text.format(
            slug=shop.lamp.product.slug,
            word=one("SELECT min(word) FROM catalog_searchword"),
            customer=one("SELECT min(id) FROM customers_customer"),
            pending_number=shop.pending.number,
            pending_cart=shop.pending.cart_uuid,
            paid_number=shop.paid.number,
            paid_cart=shop.paid.cart_uuid,
            shipped_number=shop.shipped.number,
            canceled_number=shop.canceled.number,
            paid_twin=", ".join(sorted([shop.paid.number, "TWIN"])),
            paid_and_pending=", ".join(sorted([shop.paid.number, shop.pending.number])),
            cancellation=one("SELECT id FROM outbox_event WHERE name = 'orders.order_canceled'"),
            second_payment=one(
                "SELECT id FROM outbox_event WHERE name = 'orders.order_paid' ORDER BY created_at DESC LIMIT 1"
            ),
            cancellation_delivery=one("SELECT min(id) FROM outbox_delivery WHERE handler = 'email_order_cancellation'"),
            cancellation_mail=one("SELECT id FROM notifications_mail WHERE kind = 'order_canceled'"),
        )


def test_a_healthy_shop_violates_nothing(shop):
    assert violations() == {}
    acknowledged = [
        {"number": order.number, "cart": str(order.cart_uuid), "grand_total": str(order.grand_total)}
        for order in (shop.pending, shop.paid, shop.shipped, shop.canceled)
    ]
    results = [result_of(check, Evidence(acknowledged=acknowledged, provider_ledger=[])) for check in CHECKS]
    assert {result.state for result in results} == {"held"}


@pytest.mark.alters_orders
@pytest.mark.parametrize(("rule", "statement", "offender"), PLANTED)
def test_a_planted_violation_is_named(shop, rule, statement, offender):
    drop_constraints(*TABLES)
    assert plant(statement, shop) > 0
    assert violations().get(rule) == [said(offender, shop)]


@pytest.mark.parametrize(("rule", "evidence", "offender"), WITNESSED)
def test_what_a_witness_saw_and_we_do_not_have_is_named(shop, rule, evidence, offender):
    assert violations(evidence) == {rule: [offender]}


@pytest.mark.parametrize(
    ("member", "value", "said_instead"),
    [
        ("cart", "00000000-0000-0000-0000-000000000000", "but it is the order of cart {paid_cart}"),
        ("grand_total", "14.94", "with grand_total 14.94, but it is 14.95"),
    ],
)
def test_an_acknowledged_order_must_be_the_same(shop, member, value, said_instead):
    seen = {"number": shop.paid.number, member: value}
    [[offender]] = violations(Evidence(acknowledged=[seen])).values()
    assert offender.endswith(said(said_instead, shop))


def test_a_capture_that_the_provider_does_not_know_is_named(shop):
    plant("UPDATE payments_payment SET provider = 'card', provider_reference = 'ch_7' WHERE order_id = {paid}", shop)
    rule = "the provider's ledger and our captures match one to one"
    [unasked] = [result_of(check, Evidence()) for check in CHECKS if check.rule == rule]
    assert (unasked.state, unasked.note) == ("not checked", "no --provider-ledger FILE was given")
    assert violations(Evidence(provider_ledger=[])) == {
        rule: ["ch_7: 14.95 GBP captured here, unknown to the provider"]
    }
    ledger = [{"reference": "ch_7", "amount": "14.95", "currency": "GBP"}]
    assert violations(Evidence(provider_ledger=ledger)) == {}
    assert violations(Evidence(provider_ledger=ledger * 2)) == {
        rule: ["ch_7: 14.95 GBP charged by the provider, unknown here"]
    }


def test_events_older_than_a_handler_are_none_of_its(shop):
    Delivery.objects.filter(handler="email_order_cancellation").delete()
    note_handlers()
    assert violations() == {}
    Event.objects.filter(name="orders.order_canceled").update(relayed_at=timezone.now())
    assert list(violations()) == ["every relayed event has its deliveries"]


def test_every_rule_has_a_violation_planted_against_it():
    assert {check.rule for check in CHECKS} == {rule for rule, *_ in PLANTED + WITNESSED}


def test_many_offenders_are_cut(shop):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_idempotencykey (scope, key, fingerprint, status, reference, created_at) "
            "SELECT 'orders.place:user:1', n::text, 'f', 201, 'LOST', now() FROM generate_series(1, 30) n"
        )
    rule = "the order that a key was answered with exists"
    [result] = [result_of(check, Evidence()) for check in CHECKS if check.rule == rule]
    assert (len(result.offenders), result.note) == (20, "the first 20 are named")


@pytest.mark.django_db(transaction=True)
def test_the_command_says_it_line_by_line_and_by_exit_code(shop, tmp_path, capsys):
    acknowledged = tmp_path / "acknowledged"
    acknowledged.write_text(f'{shop.paid.number}\n\n{{"number": "{shop.pending.number}"}}\n')
    call_command("check_invariants", acknowledged=acknowledged, no_color=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CHECKS)
    assert {line[:12].strip() for line in lines} == {"held"}
    plant("UPDATE inventory_stockitem SET on_hand = 8 WHERE variant_id = {lamp}", shop)
    with pytest.raises(CommandError) as failure:
        call_command("check_invariants", json=True)
    assert failure.value.returncode == 1
    report = json.loads(capsys.readouterr().out)
    [violated] = [check for check in report["checks"] if check["state"] == "violated"]
    assert report["violated"] == 1
    assert (violated["invariant"], violated["offenders"]) == (1, ["LAMP: on_hand 8, ledger 9"])
    database_url = urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    process = subprocess.run(
        [sys.executable, "manage.py", "check_invariants"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        env={"DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "storefront.settings.testing"},
    )
    assert process.returncode == 1, process.stderr
    assert "violated     1 stock       on_hand equals the sum of the ledger" in process.stdout
    assert f"1 of {len(CHECKS)} checks are violated." in process.stderr
