"""The sample's real history: every customer's tier at each month's end of 2011 is that of plain Python."""

import csv
import gzip
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from core.notifications.models import Mail
from core.outbox.models import Event
from market.catalog.models import Variant
from market.catalog.tests.factories import make_product
from market.checkout.services import recompute_memberships
from market.customers.models import Customer, Membership, MembershipChange, MembershipTier
from tasks.operations.tests.working import run_of

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).resolve().parents[2] / "imports/data/online-retail-sample.csv.gz"
THRESHOLDS = {"bronze": Decimal(0), "silver": Decimal(30), "gold": Decimal(80)}
GRACE = timedelta(days=14)
MONTH_ENDS = [datetime(2011 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(1, 13)]
MOMENTS = sorted([*MONTH_ENDS, datetime(2011, 12, 10, tzinfo=UTC)])
PRODUCT = re.compile("[0-9]{5}[A-Z]{0,2}|DCGS[0-9A-Z]+")

Sale = tuple[datetime, str, Decimal]  # when, invoice, amount


def read_by_hand() -> tuple[dict[str, list[Sale]], dict[str, list[Sale]]]:
    """What each customer bought by invoice and took back by line, in order of time."""
    bought: dict[str, dict[str, list]] = defaultdict(lambda: defaultdict(list))
    back: dict[str, list[Sale]] = defaultdict(list)
    seen = set()
    with gzip.open(SAMPLE, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            line = tuple(row.values())
            price, quantity = Decimal(row["UnitPrice"]), int(row["Quantity"])
            is_product = PRODUCT.fullmatch(row["StockCode"].upper())
            if line in seen or not row["CustomerID"] or price <= 0 or not is_product:
                continue
            seen.add(line)
            at = datetime.strptime(row["InvoiceDate"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            customer, invoice = row["CustomerID"].split(".")[0], row["InvoiceNo"]
            if invoice.startswith("C"):
                back[customer].append((at, invoice, -quantity * price))
            else:
                bought[customer][invoice].append((at, quantity * price))
    orders = {
        customer: sorted(
            (min(at for at, _ in lines), invoice, sum(a for _, a in lines)) for invoice, lines in of.items()
        )
        for customer, of in bought.items()
    }
    return orders, {customer: sorted(lines) for customer, lines in back.items()}


def refunds_by_hand(orders: list[Sale], back: list[Sale]) -> list[tuple[datetime, datetime, Decimal]]:
    """(when ordered, when paid back, how much): the newest order before a cancellation first."""
    left = {invoice: amount for _, invoice, amount in orders}
    refunds = []
    for at, _, amount in back:
        for ordered_at, invoice, _ in reversed(orders):
            if ordered_at <= at and amount > 0 and left[invoice] > 0:
                part = min(amount, left[invoice])
                left[invoice] -= part
                amount -= part
                refunds.append((ordered_at, at, part))
    return refunds


def tiers_by_hand() -> dict[datetime, dict[str, tuple[str, Decimal]]]:
    """At each moment, for each customer who ever bought: his tier and what he spent in twelve months."""
    orders, back = read_by_hand()
    codes = list(THRESHOLDS)
    told = {moment: {} for moment in MOMENTS}
    for customer, sales in orders.items():
        refunds = refunds_by_hand(sales, back.get(customer, []))
        tier, short_since = "bronze", None
        for moment in MOMENTS:
            start = moment.replace(year=moment.year - 1)
            spent = sum(amount for at, _, amount in sales if start < at <= moment)
            spent -= sum(part for ordered, at, part in refunds if start < ordered <= moment and at <= moment)
            earned = [code for code in codes if THRESHOLDS[code] <= spent][-1]
            if codes.index(earned) >= codes.index(tier):
                tier, short_since = earned, None
            else:
                short_since = short_since or moment
                if moment - short_since >= GRACE:
                    tier, short_since = earned, None
            told[moment][customer] = (tier, spent)
    return told


def make_variants() -> None:
    """The products of the file, as variants of one: what they are makes no difference to what was paid."""
    with gzip.open(SAMPLE, "rt", encoding="utf-8") as file:
        skus = {row["StockCode"].upper() for row in csv.DictReader(file)}
    product = make_product(price="1.00")
    Variant.objects.bulk_create(
        Variant(product=product, sku=sku, price=Decimal("1.00")) for sku in skus if PRODUCT.fullmatch(sku)
    )


def test_memberships_of_the_sample_are_those_of_plain_python(settings):
    settings.MEMBERSHIP_GRACE = GRACE
    for code in reversed(THRESHOLDS):
        MembershipTier.objects.filter(code=code).update(threshold=THRESHOLDS[code])
    make_variants()
    run = run_of("import_past_orders", file=SAMPLE)
    assert (run.state, run.counts["orders added"], run.counts["cancellations paid back"]) == ("finished", 11_174, 520)
    assert not Mail.objects.exists() and not Event.objects.exists()

    with connection.cursor() as cursor:
        # What the planner knows of the tables is from before this transaction filled them.
        cursor.execute("ANALYZE")
    expected = tiers_by_hand()
    customer_ids = dict(Customer.objects.values_list("user__email", "pk"))
    shares = {}
    for moment in MOMENTS:
        ids = sorted(customer_ids.values())
        for start in range(0, len(ids), 1000):
            recompute_memberships(customer_ids=ids[start : start + 1000], at=moment)
        rows = Membership.objects.values_list("customer__user__email", "tier__code", "spent_12m")
        found = {email.split("@")[0].removeprefix("customer-"): (tier, spent) for email, tier, spent in rows}
        nothing = ("bronze", Decimal("0.00"))
        assert {customer: found.get(customer, nothing) for customer in expected[moment]} == expected[moment], moment
        assert found.keys() <= expected[moment].keys()
        counted = Counter(tier for tier, _ in expected[moment].values())
        shares[moment] = [counted[code] / len(expected[moment]) for code in THRESHOLDS]
    ways = Counter(
        before < after for before, after in MembershipChange.objects.values_list("from_tier__rank", "to_tier__rank")
    )
    assert min(map(min, shares.values())) >= 0.05
    assert min(ways[True], ways[False]) > 0
