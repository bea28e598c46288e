"""Simulations over the real order history: what plain Python finds, and what carts cost once it is given.

The whole year: SIMULATED_INVOICES=all; a thousand carts: SIMULATED_CARTS=1000.
"""

import csv
import gzip
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Count, F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.operations import services
from core.operations.services.working import claim_run, do_next_batch, prepared_operation
from market.carts.tests.factories import make_cart
from market.catalog.models import Category, Variant
from market.customers.models import Membership, MembershipTier
from market.inventory.models import StockItem
from market.orders.models import Order
from market.orders.tests.factories import ADDRESS, make_buyer, make_order, make_staff
from market.pricing.selectors.simulations import simulation_result
from market.pricing.services import set_status
from market.pricing.tests.factories import make_promotion
from tasks.operations.simulate_promotion import SimulatePromotion
from tasks.operations.tests.working import run_of

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).resolve().parents[2] / "imports/data/online-retail-sample.csv.gz"
PRODUCT = re.compile("[0-9]{5}[A-Z]{0,2}|DCGS[0-9A-Z]+")
INVOICES = os.environ.get("SIMULATED_INVOICES", "120")
CARTS = int(os.environ.get("SIMULATED_CARTS", 40))
DESTINATION = {name: ADDRESS[name] for name in ("country", "postal_code")}


def read_sample() -> list[dict[str, str]]:
    with gzip.open(SAMPLE, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def export_of(invoices: str) -> bytes:
    """The lines of the first invoices of customers; of all invoices with `all`."""
    lines = read_sample()
    chosen = sorted({line["InvoiceNo"] for line in lines if line["CustomerID"] and line["InvoiceNo"].isdigit()})
    if invoices != "all":
        kept = set(chosen[: int(invoices)])
        lines = [line for line in lines if line["InvoiceNo"] in kept]
    return "\n".join([",".join(lines[0]), *map(csv_line, lines), ""]).encode()


def csv_line(line: dict[str, str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in line.values())


def loaded(invoices: str) -> bytes:
    """The history of so many invoices is in the shop."""
    export = export_of(invoices)
    for operation in ("import_online_retail", "import_past_orders"):
        assert run_of(operation, file=export).state == "finished"
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does meanwhile elsewhere: here nothing is committed
    return export


def skus_below(category: Category) -> set[str]:
    """What is sold in the category and in those below it."""
    ids, found = {category.pk}, 0
    while len(ids) > found:
        found = len(ids)
        ids |= set(Category.objects.filter(parent__in=ids).values_list("pk", flat=True))
    return set(Variant.objects.filter(product__category__in=ids).values_list("sku", flat=True))


def costs_by_hand(export: bytes, skus: set[str]) -> dict[str, tuple[Decimal, Decimal]]:
    """Of each invoice what it came to, and a fifth of what it has of these goods, half a cent up."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    of_goods: dict[str, Decimal] = defaultdict(Decimal)
    seen = set()
    for row in csv.DictReader(export.decode().splitlines()):
        line = tuple(row.values())
        # Postage and the like are no goods, and were not imported.
        if line in seen or Decimal(row["UnitPrice"]) <= 0 or not PRODUCT.fullmatch(row["StockCode"].upper()):
            continue
        seen.add(line)
        amount = int(row["Quantity"]) * Decimal(row["UnitPrice"])
        number = f"PAST-{row['InvoiceNo']}"
        totals[number] += amount
        if row["StockCode"].upper() in skus:
            of_goods[number] += amount
    cent = Decimal("0.01")
    return {
        number: (total, (of_goods[number] * 20 / 100).quantize(cent, rounding=ROUND_HALF_UP))
        for number, total in totals.items()
    }


def busiest_top_category() -> Category:
    sold = Category.objects.filter(parent=None).annotate(count=Count("children__products")).order_by("-count", "pk")
    return sold.first()


def test_twenty_percent_off_a_category_costs_what_plain_python_says():
    export = loaded(INVOICES)
    category = busiest_top_category()
    draft = make_promotion("Twenty off", status="draft", value="20", goods={"categories": [category.pk]})
    run = services.create_run(operation=SimulatePromotion, params={"promotion": draft.pk, "orders": 100_000})
    services.start_run(run_id=run.pk)
    office = Client()
    office.force_login(make_staff())
    seen = []
    lease = claim_run(run_id=run.pk, worker="tests:1")
    operation = prepared_operation(lease=lease)
    operation.batch_size = max(Order.objects.count() // 3, 1)
    while do_next_batch(lease=lease, operation=operation):
        seen.append(office.get(reverse("admin:operations_run_progress", args=[run.pk])).json()["percent"])
    run.refresh_from_db()
    assert (run.state, run.failed, seen == sorted(seen), len(set(seen)) >= 4) == ("finished", 0, True, True)

    by_hand = costs_by_hand(export, skus_below(category))
    found = {order.number: order for order in run.simulated_orders.all()}
    assert found.keys() == set(Order.objects.values_list("number", flat=True))
    assert len(found) > 0.9 * len({number for number in by_hand if not number.startswith("PAST-C")})
    told = {number: (order.total_before, order.total_before - order.total_after) for number, order in found.items()}
    assert told == {number: by_hand[number] for number in found}
    result = simulation_result(run.simulation)
    assert result.cost == sum(by_hand[number][1] for number in found) > 0
    assert result.totals["changed"] == sum(by_hand[number][1] > 0 for number in found) > 0
    assert sum(day.cost for day in result.days) == result.cost
    print(f"{len(found)} orders, {result.totals['changed']} changed, {result.cost}, {run.rate} rows per second")


def carts_of_the_history(count: int) -> list[dict[Variant, int]]:
    """What so many past orders had in them."""
    orders = Order.objects.filter(number__startswith="PAST-").order_by("placed_at", "pk")[:count]
    return [
        {item.variant: item.quantity for item in order.items.select_related("variant").order_by("pk")}
        for order in orders
    ]


def buyers(client_of, api_client) -> Iterator[tuple]:
    """Two guests and a member of the second tier, in turns, each with his client."""
    member = make_buyer()
    silver = MembershipTier.objects.order_by("rank")[1]
    MembershipTier.objects.filter(pk=silver.pk).update(discount_percent=5)
    Membership.objects.create(customer=member.customer, tier=silver, since=timezone.now(), spent_12m=0)
    his = client_of(member)
    while True:
        yield from ((None, api_client), (None, api_client), (member, his))


def test_what_is_simulated_is_what_carts_cost_once_it_is_given(client_of, api_client, unthrottled):
    loaded(str(CARTS + CARTS // 4))
    StockItem.objects.update(on_hand=F("on_hand") + 10**6)
    category = busiest_top_category()
    goods = {"categories": [category.pk]}
    make_promotion("Much", kind="spend_threshold", thresholds=[{"min_subtotal": "20.00", "percent": "3"}])
    make_promotion("Alone", value="7", stackable=False, min_subtotal="10.00")
    past = carts_of_the_history(CARTS)
    assert len(past) == CARTS
    placed, began = {}, timezone.now()
    for place, (units, (buyer, client)) in enumerate(zip(past, buyers(client_of, api_client), strict=False)):
        email = {} if buyer else {"email": f"guest-{place}@shop.example"}
        order = make_order(cart=make_cart(units=units), buyer=buyer, **email)
        placed[order.number] = (units, client)
    drafts = (
        {"label": "Twenty off", "value": "20", "goods": goods, "stackable": False},
        {"label": "Third", "kind": "buy_x_get_y", "value": "100", "buy_quantity": 2, "get_quantity": 1, "goods": goods},
        {"label": "Ship", "kind": "free_shipping", "min_subtotal": "15.00"},
    )
    for rules in drafts:
        draft = make_promotion(status="draft", **rules)
        run = run_of("simulate_promotion", promotion=draft.pk, placed_after=began.isoformat())
        assert (run.state, run.failed, run.processed) == ("finished", 0, CARTS)
        simulated = dict(run.simulated_orders.values_list("number", "total_after"))
        set_status(promotion_id=draft.pk, status="active")
        totals = {}
        for number, (units, client) in placed.items():
            cart = make_cart(units=units, shipping_method="standard", **DESTINATION)
            totals[number] = Decimal(client.get(f"/api/v1/carts/{cart.pk}/").json()["grand_total"])
        set_status(promotion_id=draft.pk, status="archived")
        assert totals == simulated
        assert run.counts["orders changed"] > 0
        print(f"{rules['label']}: {len(totals)} carts, {run.counts['orders changed']} changed")
