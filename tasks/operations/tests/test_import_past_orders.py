"""Past orders from an export: what they become, what is refused, and that twice is once."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from core.accounts.models import User
from core.errors import Invalid
from core.notifications.models import Mail
from core.operations import services
from core.outbox.models import Event
from core.spreadsheets import csv_lines
from market.catalog.models import Variant
from market.catalog.tests.factories import make_product
from market.inventory.models import StockMovement
from market.orders.models import Order
from market.orders.tests.factories import make_buyer
from market.payments.models import Refund
from market.pricing.models import FirstOrder
from tasks.invariants import CHECKS
from tasks.invariants.engine import Evidence, result_of
from tasks.operations.tests.working import run_of, worked_on

pytestmark = pytest.mark.django_db
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LAMPS = "536365,10001,RED LAMP,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom"
MUGS = "536365,10002,BLUE MUG,2,2010-12-01 08:25:00,1.25,17850.0,United Kingdom"
LATER = "536400,10002,BLUE MUG,4,2010-12-05 10:00:00,1.25,17850.0,United Kingdom"
OTHER = "536401,10002,BLUE MUG,1,2010-12-05 11:00:00,1.25,12583.0,EIRE"
BACK = "C536500,10001,RED LAMP,-3,2010-12-06 09:00:00,2.55,17850.0,United Kingdom"
UNKNOWN = "536402,10009,LOST THING,1,2010-12-05 11:00:00,1.25,12583.0,EIRE"
NUMBERS = ("PAST-536365", "PAST-536400", "PAST-536401")


def export(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


@pytest.fixture(autouse=True)
def products() -> None:
    product = make_product(sku="10001", title="Red Lamp")
    Variant.objects.create(product=product, sku="10002", title="Blue", price=Decimal("9.99"))


def imported(*lines: str, **options) -> dict:
    run = run_of("import_past_orders", file=export(*lines), **options)
    assert run.state == "finished"
    return run.counts | {"failed": run.failed}


def failures(run) -> list[tuple[str, str]]:
    return list(run.failures.order_by("pk").values_list("key", "code"))


def test_invoices_are_delivered_and_paid_orders_of_their_customers():
    counts = imported(LATER, LAMPS, OTHER, BACK, MUGS)
    assert counts == {
        "lines": 5, "lines refused": 0, "orders added": 3, "orders there already": 0,
        "cancellations paid back": 1, "of them in part": 0, "failed": 0,
    }  # fmt: skip
    orders = Order.objects.in_bulk(NUMBERS, field_name="number")
    first, later, other = (orders[number] for number in NUMBERS)
    assert first.placed_at == datetime(2010, 12, 1, 8, 25, tzinfo=UTC)
    assert (first.status, first.grand_total) == ("delivered", Decimal("17.80"))
    assert [(item.sku, item.quantity) for item in first.items.all()] == [("10001", 6), ("10002", 2)]
    assert (other.shipping_address["country"], other.email) == ("IE", "customer-12583@example.invalid")
    assert first.customer.user.email == "customer-17850@example.invalid"
    assert not first.customer.user.has_usable_password()
    assert first.customer.created_at == first.placed_at
    # The newest order first: 5.00 of the later one, then 2.65 of the first.
    refunds = Refund.objects.order_by("amount").values_list("payment__order__number", "amount", "refunded_at")
    at = datetime(2010, 12, 6, 9, tzinfo=UTC)
    assert list(refunds) == [("PAST-536365", Decimal("2.65"), at), ("PAST-536400", Decimal("5.00"), at)]
    assert (first.payment_status, later.payment_status) == ("partially_refunded", "refunded")
    assert other.payment_status == "complete"
    results = [result_of(check, Evidence()) for check in CHECKS if check.invariant != 8]
    assert [result for result in results if result.state == "violated"] == []
    assert not (StockMovement.objects.exists() or Event.objects.exists() or Mail.objects.exists())


def test_what_was_imported_before_is_left_alone():
    lines = (LAMPS, MUGS, LATER, OTHER, BACK)
    imported(*lines)
    before = list(Order.objects.values()), list(Refund.objects.values()), list(User.objects.values())
    again = imported(*reversed(lines))
    assert (again["orders added"], again["orders there already"], again["failed"]) == (0, 3, 0)
    assert (list(Order.objects.values()), list(Refund.objects.values()), list(User.objects.values())) == before
    run = run_of("import_past_orders", file=export(LAMPS))
    assert failures(run) == [("1 536365", "known_otherwise")]


def test_a_dry_run_tells_all_and_changes_nothing():
    assert imported(LAMPS, OTHER, BACK, dry_run=True)["orders added"] == 2
    assert not (Order.objects.exists() or User.objects.exists() or Refund.objects.exists())


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (LAMPS.replace("17850.0", ""), "no_customer"),
        (LAMPS.replace("17850.0", "x1"), "no_customer"),
        (LAMPS.replace(",10001,", ",POST,"), "not_a_product_code"),
        (LAMPS.replace("2.55", "0.0"), "price_not_positive"),
        (LAMPS.replace(",6,", ",-6,"), "quantity_not_positive"),
        (BACK.replace(",-3,", ",3,"), "quantity_not_positive"),
        (LAMPS.replace("536365", "536365-PARIS"), "malformed"),
        (OTHER, "exact_repeat"),
        (UNKNOWN, "unknown_product"),
        (OTHER.replace("1.25", "1.30"), "two_prices"),
        (LAMPS.replace(",6,", ",2000000000,").replace("2.55", "99.99"), "total_too_large"),
        (BACK, "nothing_to_refund"),
        (BACK.replace("17850", "12583").replace("12-06", "12-04"), "nothing_to_refund"),
    ],
)
def test_what_cannot_be_an_order_fails_alone_and_is_told_as_it_came(line, code):
    run = run_of("import_past_orders", file=export(OTHER, line))
    [failure] = run.failures.all()
    assert failure.code == code
    assert Order.objects.count() == (0 if code == "two_prices" else 1)
    told = "".join(csv_lines(services.failed_rows(run=run))).splitlines()[1]
    assert told.split(",")[:2] == (OTHER if code == "two_prices" else line).split(",")[:2]


def test_failed_rows_are_done_once_their_products_are_there():
    run = run_of("import_past_orders", file=export(UNKNOWN, OTHER))
    assert failures(run) == [("1 536402", "unknown_product")]
    make_product(sku="10009")
    run = worked_on(services.retry_failed_rows(run_id=run.pk))
    assert (run.state, run.failed, Order.objects.count()) == ("finished", 0, 2)


def test_a_cancellation_in_part():
    counts = imported(OTHER, BACK.replace("17850", "12583"))
    assert (counts["cancellations paid back"], counts["of them in part"]) == (1, 1)
    assert Refund.objects.get().amount == Decimal("1.25")


def test_an_address_that_is_known_is_that_customer():
    buyer = make_buyer(email="customer-12583@example.invalid")
    imported(OTHER)
    assert Order.objects.get().customer == buyer.customer


def test_batches_cost_the_same_however_many_orders(count_statements):
    lines = [f"5364{n:02},10001,RED LAMP,1,2010-12-01 08:26:00,2.55,{n + 1}.0,France" for n in range(20)]
    costs = []
    for some in (lines[:2], lines[2:]):
        with count_statements() as statements:
            imported(*some)
        costs.append(len(statements))
    assert costs[0] == costs[1]
    assert FirstOrder.objects.count() == 20  # none of them is a new customer any more


def test_a_file_that_is_none_is_refused():
    with pytest.raises(Invalid) as refusal:
        run_of("import_past_orders", file=b"%PDF-1.7")
    assert [error.code for error in refusal.value.errors] == ["not_an_export"]
