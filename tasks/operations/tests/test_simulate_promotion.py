"""Promotions that are tried over orders of the past."""

import csv
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.utils import timezone

from core.errors import Invalid
from core.operations import services
from core.operations.models import Run
from core.operations.registry import operation_named
from core.operations.services.working import claim_run, do_next_batch, prepared_operation
from core.spreadsheets import csv_lines
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.models import CollectionItem, Product
from market.catalog.services import create_collection
from market.catalog.tests.factories import make_category
from market.checkout.services import cancel_order
from market.customers.models import MembershipTier
from market.orders.models import Order, OrderQuote
from market.orders.services.erasing import erase_orders
from market.orders.tests.factories import make_buyer, make_order
from market.pricing.models import SimulatedOrder, SimulatedUse, Simulation
from market.pricing.selectors.simulations import simulation_result, simulation_rows
from market.pricing.services import set_status, update_promotion
from market.pricing.services.simulating import prune_simulations
from market.pricing.tests.factories import make_coupon, make_promotion
from tasks.operations.simulate_promotion import SimulatePromotion
from tasks.operations.tests.simulating import costs, make_orders, outcomes, simulation_of
from tasks.operations.tests.working import run_of, worked_on

pytestmark = pytest.mark.django_db
TEN = {"kind": "percentage", "value": "10"}


def test_a_draft_is_tried_over_orders_and_none_of_them_changes():
    small, big, canceled = make_orders(1, 5, 9)
    cancel_order(order_id=canceled.pk, actor="system")
    kept = [list(rows.objects.order_by("pk").values()) for rows in (Order, OrderQuote)]
    draft = make_promotion("Big", status="draft", value="30", min_subtotal="50.00")
    simulation = simulation_of(draft)
    found = {order.number: order for order in simulation.run.simulated_orders.all()}
    assert found.keys() == {small.number, big.number}
    told = found[small.number]
    assert (told.outcome, told.total_before, told.total_after) == ("min_subtotal", small.grand_total, small.grand_total)
    told = found[big.number]
    assert (told.outcome, told.given, told.goods) == ("applied", Decimal("15.00"), Decimal("50.00"))
    assert (told.goods_before, told.goods_after, told.total_before) == (50, 35, big.grand_total)
    assert [list(rows.objects.order_by("pk").values()) for rows in (Order, OrderQuote)] == kept
    assert simulation.run.counts == {
        "orders changed": 1, "orders where it is given": 1, "orders priced by lines alone": 0
    }  # fmt: skip


def test_winners_conflicts_and_whom_it_displaces_are_counted_before_and_after():
    weak = make_promotion("Weak", stackable=False)
    make_orders(1, 5)
    rival = make_promotion("Rival", status="draft", value="20", min_subtotal="50.00", stackable=False)
    weaker = make_promotion("Weaker", status="draft", value="5", stackable=False)

    result = simulation_result(simulation_of(rival))
    assert [(row.label, row.orders_before, row.orders_after, row.displaced) for row in result.promotions] == [
        ("Rival", 0, 1, 0), ("Weak", 2, 1, 1)
    ]  # fmt: skip
    assert [(row.given_before, row.given_after) for row in result.promotions] == [(0, 10), (6, 1)]
    assert (result.cost, result.totals["given_sum"], result.conflicts) == (5, 10, [])

    result = simulation_result(simulation_of(weaker))
    assert [(row.code, row.winner, row.winner_label, row.orders) for row in result.conflicts] == [
        ("not_combinable", weak.pk, "Weak", 2)
    ]
    assert result.cost == 0


def test_an_existing_promotion_is_tried_with_other_rules_in_place_of_its_own():
    promotion = make_promotion("Ten", starts_at="2030-01-01T00:00:00+00:00")
    make_orders(1)
    assert costs(simulation_of(promotion)) == [1]
    assert outcomes(simulation_of(promotion, keep_period=True)) == ["not_started"]
    update_promotion(promotion_id=promotion.pk, label="Ten", rules=TEN)
    make_orders(2)
    simulation = simulation_of(promotion, rules='{"kind": "percentage", "value": "25"}')
    assert costs(simulation) == [Decimal("2.50"), Decimal("3.00")]
    assert (simulation.is_changed, simulation.rules["value"], simulation.version) == (True, "25", 2)
    promotion.refresh_from_db()
    assert promotion.rules["value"] == "10"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"usage_limit": 3}, ["applied"] * 3 + ["used_up"] * 3),
        ({"usage_limit_per_customer": 1}, ["applied", "applied", *["used_up_by_customer"] * 4]),
        ({"budget": "2.50"}, ["applied", "applied", "applied", *["budget_used_up"] * 3]),
    ],
)
def test_limits_end_it_as_they_do_once_it_is_given(limits, expected, monkeypatch):
    buyers, offer = [make_buyer(), None], make_offer(price="10.00", available=100)
    make_promotion("Goes along")

    def order(place: int) -> Order:
        return make_order(cart=make_cart(units={offer: 1}), buyer=buyers[place % 2])

    for place in range(6):
        order(place)
    draft = make_promotion(status="draft", **limits)
    monkeypatch.setattr(SimulatePromotion, "batch_size", 2)
    simulation = simulation_of(draft)
    assert outcomes(simulation) == expected
    simulated = list(simulation.run.simulated_orders.order_by("pk").values_list("total_after", flat=True))
    set_status(promotion_id=draft.pk, status="active")
    assert [order(place).grand_total for place in range(6)] == simulated


def test_what_it_displaces_leaves_its_uses_to_later_orders():
    limited = make_promotion("Two of these", value="5", usage_limit=2, stackable=False)
    make_orders(5, 1, 1, 1)
    draft = make_promotion(status="draft", value="50", min_subtotal="50.00", stackable=False)
    simulation = simulation_of(draft)
    given = SimulatedUse.objects.filter(run=simulation.pk, promotion=limited.pk).order_by("order")
    assert [(use.before, use.after) for use in given] == [
        (Decimal("2.50"), None), (Decimal("0.50"), Decimal("0.50")), (None, Decimal("0.50"))
    ]  # fmt: skip


@pytest.mark.parametrize("batch_size", [1, 2, 4])
@pytest.mark.parametrize("limit", [{"usage_limit": 2}, {"usage_limit_per_customer": 2}, {"budget": "3.00"}])
def test_a_limit_that_a_later_version_lifts_counts_wherever_batches_begin(limit, batch_size, monkeypatch):
    limited = make_promotion("Two of these", value="5", stackable=False, **limit)
    buyer = make_buyer()
    make_orders(5, 1, 1, buyer=buyer)
    update_promotion(promotion_id=limited.pk, label=limited.label, rules={**limited.rules, **dict.fromkeys(limit)})
    make_orders(1, buyer=buyer)
    draft = make_promotion(status="draft", value="50", min_subtotal="50.00", stackable=False)
    monkeypatch.setattr(SimulatePromotion, "batch_size", batch_size)
    simulation = simulation_of(draft)
    given = SimulatedUse.objects.filter(run=simulation.pk, promotion=limited.pk, after__isnull=False)
    assert list(given.order_by("order").values_list("after", flat=True)) == [Decimal("0.50")] * 3


def test_codes_count_for_those_who_had_one_or_for_everybody():
    coupon = make_coupon("ONCE", usage_limit=1)
    make_orders(1)
    offer = make_offer(price="10.00")
    make_order(cart=make_cart(units={offer: 1}, coupons=["ONCE"]))
    draft = make_promotion(status="draft", requires_coupon=True)
    assert outcomes(simulation_of(draft)) == ["code_required"] * 2
    assert outcomes(simulation_of(draft, everyone_has_code=True)) == ["applied"] * 2
    rules = '{"kind": "percentage", "value": "30", "requires_coupon": true}'
    assert costs(simulation_of(coupon.promotion, rules=rules)) == [0, 2]


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_codes_of_what_is_tried_are_unused_before_the_first_order_of_the_sample(batch_size, monkeypatch):
    coupon = make_coupon("ONCE", usage_limit=1)
    offer = make_offer(price="10.00", available=100)
    carts = [make_cart(units={offer: count}, coupons=["ONCE"]) for count in (5, 1, 5, 5)]
    for cart in carts:
        make_order(cart=cart)
    monkeypatch.setattr(SimulatePromotion, "batch_size", batch_size)
    assert outcomes(simulation_of(coupon.promotion)) == ["applied", *["code_used_up"] * 3]
    assert outcomes(simulation_of(coupon.promotion, orders=3)) == ["applied", *["code_used_up"] * 2]
    big = '{"kind": "percentage", "value": "20", "requires_coupon": true, "min_subtotal": "50.00"}'
    assert outcomes(simulation_of(coupon.promotion, orders=3, rules=big)) == [
        "min_subtotal", "applied", "code_used_up"
    ]  # fmt: skip
    rival = make_promotion(status="draft", value="50", min_subtotal="50.00", stackable=False)
    simulation = simulation_of(rival)
    assert outcomes(simulation) == ["applied", "min_subtotal", "applied", "applied"]
    kept = SimulatedUse.objects.filter(run=simulation.pk, code="ONCE").order_by("order")
    assert [(use.before, use.after) for use in kept] == [(5, None), (None, 1)]


def test_a_batch_costs_the_same_statements_however_many_orders(count_statements):
    make_promotion("Two", usage_limit_per_customer=2)
    simulation_of(make_promotion(status="draft"))  # what is asked once per process
    draft = make_promotion(status="draft", usage_limit_per_customer=3, budget="9.00")
    counted = []
    for count in (2, 8):
        make_orders(*[1] * count, buyer=make_buyer())
        with count_statements() as statements:
            simulation_of(draft)
        counted.append(len(statements))
    assert counted[0] == counted[1]


def test_goods_stand_where_they_stood_then_or_where_they_stand_today():
    (order,) = make_orders(1)
    collection = create_collection(title="Later")
    CollectionItem.objects.create(collection=collection, product=order.items.get().variant.product)
    draft = make_promotion(status="draft", goods={"collections": [collection.pk]})
    assert outcomes(simulation_of(draft)) == ["no_matching_items"]
    assert outcomes(simulation_of(draft, shelves_of_today=True)) == ["applied"]


def test_what_old_orders_did_not_keep_is_that_of_today():
    buyer, category = make_buyer(), make_category()
    make_orders(1, 1, buyer=buyer)
    orders = [*make_orders(1), *Order.objects.filter(customer=buyer.customer)]
    Product.objects.update(category=category)
    kept = ("variant_id", "sku", "title", "quantity", "unit_price", "tax_rate")
    for order in orders:
        inputs = order.quote.inputs
        lines = [{name: line[name] for name in kept} for line in inputs["lines"]]
        first = {name: inputs[name] for name in ("shipping", "currency", "prices_include_tax")} | {"lines": lines}
        OrderQuote.objects.filter(order=order).update(engine_version=1, inputs=first)
    goods = {"categories": [category.pk]}
    draft = make_promotion(
        status="draft", goods=goods, first_order_only=True, tiers=[MembershipTier.objects.first().code]
    )
    assert outcomes(simulation_of(draft)) == ["applied", "not_first_order", "wrong_tier"]
    assert outcomes(simulation_of(make_promotion(status="draft", goods=goods))) == ["applied"] * 3
    Order.objects.update(placed_at=orders[0].placed_at)
    assert outcomes(simulation_of(draft)) == ["applied", "not_first_order", "wrong_tier"]


def test_the_newest_of_a_time_are_taken_in_their_order():
    numbers = [order.number for order in make_orders(1, 1, 1, 1)]
    now = timezone.now()
    for place, number in enumerate(numbers):
        Order.objects.filter(number=number).update(placed_at=now - timedelta(days=place // 2))
    newest_last = [numbers[3], numbers[0], numbers[1]]
    draft = make_promotion(status="draft")
    cases = (
        ({"orders": 3}, newest_last),
        ({"placed_before": (now - timedelta(hours=1)).isoformat()}, [numbers[2], numbers[3]]),
        ({"placed_after": now.isoformat(), "orders": 1}, [numbers[1]]),
        ({"placed_after": (now + timedelta(hours=1)).isoformat()}, []),
    )
    for params, expected in cases:
        run = simulation_of(draft, **params).run
        assert list(run.simulated_orders.order_by("pk").values_list("number", flat=True)) == expected
        assert (run.total, run.percent) == (len(expected), 100)


def test_who_dies_in_a_batch_leaves_nothing_and_the_next_goes_on(monkeypatch):
    make_orders(*[1] * 6)
    monkeypatch.setattr(SimulatePromotion, "batch_size", 2)
    draft = make_promotion(status="draft", usage_limit=3)
    run = services.create_run(operation=SimulatePromotion, params={"promotion": draft.pk})
    services.start_run(run_id=run.pk)
    lease = claim_run(run_id=run.pk, worker="tests:1")
    operation = prepared_operation(lease=lease)
    for _ in range(2):
        do_next_batch(lease=lease, operation=operation)
    written = SimulatedOrder.objects.count()

    class Killed(BaseException):
        """As SIGKILL, in the middle of a batch's transaction."""

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("core.operations.services.working._store_step", die)
        with pytest.raises(Killed):
            do_next_batch(lease=lease, operation=operation)
    assert (written, SimulatedOrder.objects.count()) == (2, 2)
    Run.objects.filter(pk=run.pk).update(lease_until=None)
    run = worked_on(run)
    assert outcomes(run.simulation) == ["applied"] * 3 + ["used_up"] * 3
    assert (run.processed, run.counts["orders where it is given"]) == (6, 3)


def test_orders_that_do_not_add_up_fail_alone_and_are_told(monkeypatch):
    good, unreadable, other = make_orders(1, 1, 1)
    OrderQuote.objects.filter(order=unreadable).update(inputs={"lines": "many"}, engine_version=1)
    OrderQuote.objects.filter(order=other).update(inputs=good.quote.inputs | {"currency": "XXX", "lines": []})
    run = run_of("simulate_promotion", promotion=make_promotion(status="draft", usage_limit=1).pk)
    assert (run.state, run.processed, run.failed) == ("finished", 3, 2)
    assert [(failure.code, failure.cells["order"]) for failure in run.failures.order_by("pk")] == [
        ("unreadable", unreadable.number), ("priced_otherwise", other.number)
    ]  # fmt: skip
    assert [order.number for order in run.simulated_orders.all()] == [good.number]
    again = worked_on(services.retry_failed_rows(run_id=run.pk))
    assert (again.failed, again.counts) == (2, run.counts)
    assert again.counts["orders priced by lines alone"] == 0
    OrderQuote.objects.filter(order__in=[unreadable, other]).update(inputs=good.quote.inputs)
    again = worked_on(services.retry_failed_rows(run_id=run.pk))
    assert (again.failed, outcomes(again.simulation)) == (0, ["applied", "used_up", "used_up"])
    assert again.counts["orders priced by lines alone"] == 1


def test_erased_buyers_are_counted_one_by_one_and_nobody_is_in_the_rows():
    buyer = make_buyer()
    orders = make_orders(1, 1, buyer=buyer)
    simulation = simulation_of(make_promotion(status="draft"))
    text = "".join(csv_lines(simulation_rows(run_id=simulation.pk)))
    columns = {field.name for model in (SimulatedOrder, SimulatedUse) for field in model._meta.get_fields()}
    assert not columns & {"customer", "email", "identity", "name"}
    assert buyer.email not in text
    assert [line["order"] for line in csv.DictReader(StringIO(text))] == [order.number for order in orders]

    Order.objects.update(status="delivered")
    erase_orders(customer_id=buyer.customer.pk, email=buyer.email)
    assert outcomes(simulation_of(make_promotion(status="draft", usage_limit_per_customer=1))) == ["applied"] * 2


def test_what_is_old_is_pruned_the_part_that_makes_it_readable_first(settings):
    make_orders(1, 1, 1)
    old = simulation_of(make_promotion(status="draft"))
    fresh = simulation_of(make_promotion(status="draft"))
    Run.objects.filter(pk=old.pk).update(finished_at=timezone.now() - settings.EVENT_RETENTION - timedelta(days=1))
    assert prune_simulations(limit=2) == 2
    assert list(Simulation.objects.values_list("pk", flat=True)) == [fresh.pk]
    assert (SimulatedOrder.objects.filter(run=old.pk).count(), prune_simulations(limit=2)) == (1, 1)
    assert prune_simulations(limit=2) == 0
    assert SimulatedOrder.objects.count() == SimulatedUse.objects.count() == 3
    assert Run.objects.count() == 2


STEP_OF_NOTHING = '{"kind": "spend_threshold", "thresholds": [{"min_subtotal": "1", "percent": "NaN"}]}'


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"promotion": 0}, "params.promotion"),
        ({"orders": 0}, "params.orders"),
        ({"orders": 100_001}, "params.orders"),
        ({"placed_after": "yesterday"}, "params.placed_after"),
        ({"placed_after": "2026-02-01T00:00Z", "placed_before": "2026-01-01T00:00Z"}, "params.placed_before"),
        ({"warn_percent": 101}, "params.warn_percent"),
        ({"rules": "[]"}, "params.rules"),
        ({"rules": "{"}, "params.rules"),
        ({"rules": '{"kind": "percentage", "value": "200"}'}, "params.rules"),
        ({"rules": '{"kind": "percentage", "value": "1e-101"}'}, "params.rules"),
        ({"rules": STEP_OF_NOTHING}, "params.rules"),
        ({"sample": 5}, "params.sample"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(params, field):
    draft = make_promotion(status="draft")
    with pytest.raises(Invalid) as refusal:
        services.create_run(operation=operation_named("simulate_promotion"), params={"promotion": draft.pk} | params)
    assert [error.field for error in refusal.value.errors] == [field]
    assert not Run.objects.exists()


def test_it_has_no_dry_run():
    draft = make_promotion(status="draft")
    with pytest.raises(Invalid) as refusal:
        services.create_run(operation=SimulatePromotion, params={"promotion": draft.pk}, dry_run=True)
    assert [error.field for error in refusal.value.errors] == ["dry_run"]
