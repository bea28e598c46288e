"""Tiers: which one follows from what was spent, the way up and down, what customers and staff see."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from core.errors import Invalid
from core.notifications.models import Mail
from core.outbox.models import Event
from core.outbox.registry import handlers_of
from market.carts.tests.factories import make_cart, make_offer
from market.checkout.services import change_status, recompute_memberships, reward_order
from market.customers import rules, services
from market.customers.models import Membership, MembershipChange, MembershipTier
from market.orders.models import Order
from market.orders.tests.factories import make_buyer, make_order, make_staff
from market.payments.models import Payment, Refund
from market.payments.services import confirm_open_payment
from market.reviews.tests.factories import deliver

pytestmark = pytest.mark.django_db
PROFILE = "/api/v1/users/profile/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TIERS = [rules.Tier(1, Decimal(0)), rules.Tier(2, Decimal(250)), rules.Tier(3, Decimal(1000))]


def completed_order(buyer, price: str = "300.00", **changes) -> Order:
    """A paid and delivered order of one unit, with free delivery, `changes` written over it."""
    order = make_order(buyer=buyer, cart=make_cart(units={make_offer(price=price): 1}))
    confirm_open_payment(order_id=order.pk, actor="system")
    staff = make_staff()
    for status in ("processing", "shipped", "delivered"):
        change_status(order_id=order.pk, status=status, staff_id=staff.pk)
    Order.objects.filter(pk=order.pk).update(**changes)
    order.refresh_from_db()
    return order


def spent_by(buyer, at: datetime | None = None) -> Decimal:
    recompute_memberships(customer_ids=[buyer.customer.pk], at=at)
    row = Membership.objects.filter(customer=buyer.customer).first()
    return row.spent_12m if row else Decimal(0)


@pytest.mark.parametrize(
    ("spent", "rank", "goal"),
    [("0", 1, (2, "250")), ("249.99", 1, (2, "0.01")), ("250", 2, (3, "750")), ("1000", 3, None), ("9999", 3, None)],
)
def test_a_tier_is_earned_at_its_threshold(spent, rank, goal):
    assert rules.earned_rank(tiers=TIERS, spent=Decimal(spent)) == rank
    missing = rules.next_goal(tiers=TIERS, rank=rank, spent=Decimal(spent))
    assert missing == (goal and (goal[0], Decimal(goal[1])))


@pytest.mark.parametrize(
    ("looks", "ranks"),
    [
        # (days after noon, spent), with ten days of grace.
        ([(0, 300), (1, 1200)], [2, 3]),
        ([(0, 1200), (1, 0), (10, 0), (11, 0)], [3, 3, 3, 1]),
        ([(0, 1200), (1, 0), (9, 1000), (11, 0), (20, 0), (21, 300)], [3, 3, 3, 3, 3, 2]),
        ([(0, 1200), (1, 0), (5, 300), (12, 300)], [3, 3, 3, 2]),
    ],
)
def test_up_at_once_and_down_after_the_grace(looks, ranks):
    standing, seen = rules.Standing(1, NOON - DAY), []
    for days, spent in looks:
        at = NOON + days * DAY
        before = standing
        standing = rules.next_standing(tiers=TIERS, standing=before, spent=Decimal(spent), at=at, grace=10 * DAY)
        assert standing.since == (at if standing.rank != before.rank else before.since)
        seen.append(standing.rank)
    assert seen == ranks


def test_a_year_before_a_leap_day():
    assert rules.a_year_before(datetime(2028, 2, 29, 1, tzinfo=UTC)) == datetime(2027, 2, 28, 1, tzinfo=UTC)


@pytest.fixture
def a_day_of_every_year() -> Iterator[None]:
    """The 29th of February has no same day a year later: it is the day after."""
    now = timezone.now()
    with time_machine.travel(now + DAY * ((now.month, now.day) == (2, 29))):
        yield


@pytest.mark.usefixtures("a_day_of_every_year")
def test_what_was_paid_and_not_refunded_of_delivered_orders_of_twelve_months_counts():
    buyer = make_buyer()
    order = completed_order(buyer)
    paid = order.grand_total
    completed_order(make_buyer())
    make_order(buyer=buyer)
    deliver(make_order(buyer=buyer))  # delivered, and not paid yet
    completed_order(buyer, status="returned")
    assert spent_by(buyer) == paid
    Refund.objects.create(payment=Payment.objects.get(order=order), amount=Decimal("100.00"), reference="r")
    assert spent_by(buyer) == paid - 100
    Payment.objects.filter(order=order).update(captured_at=order.placed_at)
    assert spent_by(buyer, at=order.placed_at) == paid  # the refund came later
    next_year = order.placed_at.replace(year=order.placed_at.year + 1)
    assert spent_by(buyer, at=next_year - timedelta(microseconds=1)) == paid - 100
    assert spent_by(buyer, at=next_year) == 0


def test_the_profile_tells_the_tier_and_the_way_to_the_next(client_of, count_statements):
    buyer = make_buyer()
    client = client_of(buyer)
    with count_statements() as statements:
        fresh = client.get(PROFILE).json()["membership"]
    assert len(statements) == 3  # the caller, tiers, membership
    assert datetime.fromisoformat(fresh.pop("since")) == buyer.customer.created_at
    spent = {"currency": "GBP", "spent_12m": "0.00"}
    assert fresh == {"tier": "bronze", **spent, "next_tier": "silver", "missing": "250.00"}
    order = completed_order(buyer)
    reward_order(order_id=order.pk)
    shown = client.get(PROFILE).json()["membership"]
    assert datetime.fromisoformat(shown.pop("since")) == Membership.objects.get().since
    assert shown == {
        "tier": "silver",
        "currency": "GBP",
        "spent_12m": str(order.grand_total),
        "next_tier": "gold",
        "missing": str(1000 - order.grand_total),
    }
    completed_order(buyer, price="900.00")
    recompute_memberships(customer_ids=[buyer.customer.pk])
    shown = client.get(PROFILE).json()["membership"]
    assert (shown["tier"], shown["next_tier"], shown["missing"]) == ("gold", None, None)


@pytest.mark.parametrize("field", ["tier", "membership", "spent_12m"])
def test_nobody_writes_his_own_tier(client_of, field):
    buyer = make_buyer()
    client = client_of(buyer)
    before = client.get(PROFILE).json()["membership"]
    answer = client.patch(PROFILE, {field: {"tier": "gold", "spent_12m": "9999.00"}, "phone": "123456"})
    assert (answer.status_code, answer.json()["membership"]) == (200, before)
    assert not Membership.objects.exists()


def test_a_completed_order_raises_the_tier_once_and_tells_by_mail():
    MembershipTier.objects.filter(code="gold").update(title="Premier")
    buyer = make_buyer(first_name="Ada")
    completed_order(buyer)
    for name in ("orders.order_status_changed", "customers.membership_changed"):
        event = Event.objects.filter(name=name).latest("created_at")
        for handler in [*handlers_of(name)] * 2:
            handler.function(event)
    change = MembershipChange.objects.get()
    assert (change.from_tier.code, change.to_tier.code, change.customer) == ("bronze", "silver", buyer.customer)
    [mail] = Mail.objects.filter(kind="membership_changed")
    assert (mail.recipient, mail.subject) == (buyer.email, "You are now a Silver member")
    assert mail.text.startswith("You are now a Silver member, Ada.")
    assert f"{change.spent_12m} GBP" in mail.text and f"{1000 - change.spent_12m} GBP more" in mail.html
    assert "From now on you pay 5 % less for goods." in mail.text and "5 % less" in mail.html
    assert "you are a Premier member" in mail.text and "you are a Premier member" in mail.html


@pytest.mark.usefixtures("a_day_of_every_year")
def test_down_after_the_grace_with_its_history_and_no_mail_that_is_overtaken(settings):
    settings.MEMBERSHIP_GRACE = 10 * DAY
    buyer = make_buyer()
    order = completed_order(buyer, price="1200.00")
    a_year_later = order.placed_at.replace(year=order.placed_at.year + 1)
    for at in (order.placed_at + DAY, a_year_later, a_year_later + 9 * DAY, a_year_later + 10 * DAY):
        recompute_memberships(customer_ids=[buyer.customer.pk], at=at)
    history = MembershipChange.objects.values_list("from_tier__code", "to_tier__code", "at")
    assert list(history) == [
        ("gold", "bronze", a_year_later + 10 * DAY),
        ("bronze", "gold", order.placed_at + DAY),
    ]
    events = Event.objects.filter(name="customers.membership_changed").order_by("payload__change_id")
    for event in events:
        services.queue_membership_mail(change_id=event.payload["change_id"], key=event.pk.hex)
    assert [mail.subject for mail in Mail.objects.filter(kind="membership_changed")] == [
        "Your membership is now Bronze"
    ]


def test_statements_do_not_grow_with_the_customers(count_statements):
    buyers = [make_buyer() for _ in range(6)]
    order = completed_order(buyers[0])
    for number, buyer in enumerate(buyers[1:]):
        fields = Order.objects.filter(pk=order.pk).values().get()
        copy = Order.objects.create(**fields | {"id": None, "cart_uuid": None, "number": f"N{number}"})
        Order.objects.filter(pk=copy.pk).update(customer=buyer.customer)
        Payment.objects.create(
            order=copy,
            provider="manual",
            amount=order.grand_total,
            currency="GBP",
            status="complete",
            captured_at=order.placed_at,
        )
    costs = []
    for some in (buyers[:1], buyers[1:]):
        with count_statements() as statements:
            changes = recompute_memberships(customer_ids=[buyer.customer.pk for buyer in some])
        assert [change.after for change in changes] == ["silver"] * len(some)
        costs.append(len(statements))
    with count_statements() as unchanged:
        assert recompute_memberships(customer_ids=[buyer.customer.pk for buyer in buyers]) == []
    # Lock, paid, refunded, tiers, customers, memberships, history, events; nothing is written in vain.
    assert (costs, len(unchanged)) == ([8, 8], 5)


@pytest.mark.parametrize(
    ("code", "threshold"), [("bronze", "1.00"), ("silver", "1000.00"), ("silver", "1500.00"), ("gold", "250.00")]
)
def test_thresholds_rise_from_tier_to_tier(code, threshold):
    tier = MembershipTier.objects.get(code=code)
    with pytest.raises(Invalid) as refusal:
        services.update_tier(tier_id=tier.pk, changes={"threshold": Decimal(threshold)})
    assert [(error.field, error.code) for error in refusal.value.errors] == [("threshold", "not_ascending")]
    assert MembershipTier.objects.get(code=code).threshold == tier.threshold


def test_staff_edit_tiers_in_the_admin():
    office = Client()
    office.force_login(make_staff("customers.view_membershiptier", "customers.change_membershiptier"))
    silver = MembershipTier.objects.get(code="silver")
    page = f"/admin/customers/membershiptier/{silver.pk}/change/"
    form = {"title": "Silver", "threshold": "2000", "discount_percent": "7.5", "has_free_shipping": "on"}
    refused = office.post(page, form, follow=True)
    assert "Thresholds rise from tier to tier, and the lowest is 0." in refused.content.decode()
    assert office.post(page, form | {"discount_percent": "101"}).status_code == 200
    assert MembershipTier.objects.get(code="silver").threshold == 250
    assert office.post(page, form | {"threshold": "300"}).status_code == 302
    silver.refresh_from_db()
    assert (silver.threshold, silver.discount_percent, silver.has_free_shipping) == (300, Decimal("7.50"), True)


def test_staff_see_and_find_tiers(client_of):
    buyer, other = make_buyer(), make_buyer()
    order = completed_order(buyer)
    reward_order(order_id=order.pk)
    staff = make_staff("customers.view_customer")
    client = client_of(staff)
    found = {
        tier: {
            row["email"]: row["spent_12m"] for row in client.get(f"/api/v1/customers/?tier={tier}").json()["results"]
        }
        for tier in MembershipTier.Code.values
    }
    assert found["silver"] == {buyer.email: str(order.grand_total)}
    assert found["bronze"].items() >= {other.email: "0.00"}.items() and buyer.email not in found["bronze"]
    assert found["gold"] == {}
    assert client.get(f"/api/v1/customers/{buyer.customer.pk}/").json()["tier"] == "silver"
