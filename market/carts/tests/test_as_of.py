"""Carts at another moment, for staff: with the prices and promotions of then, and what is not recorded of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.accounts.tests.factories import make_user
from market.carts.models import Cart
from market.carts.selectors import cart_as_of
from market.carts.tests.asking import CARTS, rows
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.models import Variant
from market.catalog.services import reprice_variants, update_variant
from market.catalog.tests.factories import make_price_change
from market.customers.models import Customer
from market.orders.tests.factories import make_buyer, make_staff
from market.pricing import services
from market.pricing.models import PromotionPhase, PromotionVersion
from market.pricing.selectors import price_tables
from market.pricing.tests.factories import make_coupon, make_promotion

pytestmark = pytest.mark.django_db
MAY = ("catalog.view_variant", "pricing.view_promotion")


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def set_price(variant: Variant, price: str) -> None:
    update_variant(product_id=variant.product_id, variant_id=variant.pk, changes={"price": Decimal(price)})


@pytest.fixture
def at(client_of):
    """Asks for a cart at a moment: its lines' unit prices, its discounts, its total."""
    client = client_of(make_staff(*MAY))

    def ask(cart: Cart, moment: datetime) -> tuple:
        answer = client.get(f"{CARTS}{cart.pk}/", {"as_of": iso(moment)})
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
        document = answer.json()
        assert (document["as_of"], document["gaps"]) == (iso(moment), [])
        labels = [discount["label"] for discount in document["discounts"]]
        return [item["unit_price"] for item in document["items"]], labels, document["grand_total"]

    return ask


def test_a_cart_costs_what_it_would_have_and_will(at, api_client):
    mug = make_offer(price=Decimal("10.00"))
    cart = make_cart(units={mug: 2}, country="GB", postal_code="E1")
    born = timezone.now()
    autumn = make_promotion("Autumn")
    discounted = timezone.now()
    set_price(mug, "20.00")
    dearer = timezone.now()
    services.update_promotion(promotion_id=autumn.pk, label="Winter", rules={"kind": "percentage", "value": "50"})
    edited = timezone.now()
    services.set_status(promotion_id=autumn.pk, status="archived")
    soon = timezone.now() + timedelta(days=3)
    make_promotion("Spring", starts_at=soon.isoformat(), ends_at=(soon + timedelta(days=2)).isoformat(), value="25")
    make_price_change(mug, starts_at=soon + timedelta(days=1), price=Decimal("8.00"))
    before = rows(cart)

    assert at(cart, born) == (["10.00"], [], "24.95")
    assert at(cart, discounted) == (["10.00"], ["Autumn"], "22.95")
    assert at(cart, dearer) == (["20.00"], ["Autumn"], "40.95")
    assert at(cart, edited) == (["20.00"], ["Winter"], "24.95")
    assert at(cart, timezone.now()) == (["20.00"], [], "44.95")
    assert at(cart, soon) == (["20.00"], ["Spring"], "34.95")
    assert at(cart, soon + timedelta(days=1)) == (["8.00"], ["Spring"], "16.95")
    assert at(cart, soon + timedelta(days=2)) == (["8.00"], [], "20.95")
    document = api_client.get(f"{CARTS}{cart.pk}/").json()
    assert (document["grand_total"], "as_of" in document) == ("44.95", False)
    assert rows(cart) == before


def test_what_was_a_gift_then_is_priced_as_then(at):
    mug, spoon = make_offer(price=Decimal("10.00")), make_offer(price=Decimal("3.00"))
    cart = make_cart(units={mug: 1})
    giving = services.create_promotion(
        label="Spoon", rules={"kind": "gift", "get_quantity": 1, "gift_variant": spoon.pk}, status="active"
    )
    given = timezone.now()
    set_price(spoon, "4.00")
    services.set_status(promotion_id=giving.pk, status="archived")
    assert at(cart, given)[1:] == (["Spoon"], "10.00")
    assert at(cart, timezone.now())[1:] == ([], "10.00")


def test_the_explanation_is_that_of_then_and_tells_staff_all(client_of, api_client):
    cart = make_cart(units={make_offer(price=Decimal("10.00")): 1})
    secret = make_coupon("AUTUMN", is_public=False).promotion
    large = make_promotion("Large", min_subtotal="50.00", is_public=False)
    moment = timezone.now()
    services.set_status(promotion_id=large.pk, status="archived")
    asked = {"as_of": iso(moment)}
    told = client_of(make_staff(*MAY)).get(f"{CARTS}{cart.pk}/explanation/", asked).json()
    assert (told["as_of"], told["gaps"], told["currency"]) == (iso(moment), [], "GBP")
    assert [(step["promotion"], step["code"]) for step in told["considered"]] == [(large.pk, "min_subtotal")]
    assert api_client.get(f"{CARTS}{cart.pk}/explanation/").json() == {"considered": [], "currency": "GBP"}
    assert secret.pk not in [step["promotion"] for step in told["considered"]]


def test_what_is_not_recorded_is_named(client_of):
    mug = make_offer(price=Decimal("10.00"))
    cart, old = make_cart(units={mug: 1}), make_promotion("Old")
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    PromotionVersion.objects.update(created_at=long_ago)
    document = client_of(make_staff(*MAY)).get(f"{CARTS}{cart.pk}/", {"as_of": iso(long_ago)}).json()
    assert document["gaps"] == [
        {"what": "price", "id": mug.pk, "known_since": iso(mug.created_at)},
        {"what": "promotion", "id": old.pk, "known_since": iso(PromotionPhase.objects.get().began_at)},
    ]
    assert document["grand_total"] == "9.00"


def test_it_is_for_staff_who_may_and_customers_carts_for_who_sees_them(client_of, api_client):
    owner = make_buyer()
    open_cart = make_cart(units={make_offer(): 1})
    claimed = make_cart(units={make_offer(): 1}, customer=Customer.objects.get(user=owner))
    asked = {"as_of": iso(timezone.now())}
    may_not = [make_user(), owner, make_staff(MAY[0], "carts.view_cart"), make_staff(MAY[1], "carts.view_cart")]
    helper, keeper = client_of(make_staff(*MAY)), client_of(make_staff(*MAY, "carts.view_cart"))
    for end in ("", "explanation/"):
        for cart in (open_cart, claimed):
            path = f"{CARTS}{cart.pk}/{end}"
            assert api_client.get(path, asked).status_code == 401
            assert {client_of(user).get(path, asked).status_code for user in may_not} == {403}
            assert keeper.get(path, asked).status_code == 200
            for bad in ("soon", "2026-01-01T00:00:00", ""):
                refused = keeper.get(path, {"as_of": bad})
                assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "as_of")
        assert helper.get(f"{CARTS}{open_cart.pk}/{end}", asked).status_code == 200
        assert helper.get(f"{CARTS}{claimed.pk}/{end}", asked).status_code == 404
        assert keeper.get(f"{CARTS}{claimed.pk}/{end}").status_code == 404, "as of now it is its customer's alone"


def test_what_is_told_as_of_now_alone_refuses_another_moment(client_of):
    buyer = make_buyer()
    cart = make_cart(units={make_offer(): 1}, customer=Customer.objects.get(user=buyer), country="GB")
    for path in (f"{CARTS}current/", f"{CARTS}{cart.pk}/shipping-methods/"):
        refused = client_of(buyer).get(path, {"as_of": iso(timezone.now())})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "as_of")
        assert client_of(buyer).get(path).status_code == 200


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_where_time_ends_nothing_is_told_and_the_parameter_is_named(client_of, settings, zone):
    settings.SHOP_TIME_ZONE = zone
    make_promotion("Mornings", weekdays=[1], from_hour=8, until_hour=12)
    cart, client = make_cart(units={make_offer(): 1}), client_of(make_staff(*MAY))
    outcomes = {
        year: client.get(f"{CARTS}{cart.pk}/", {"as_of": f"{year}T23:30:00Z"})
        for year in ("0001-01-01", "1899-12-31", "1900-01-02", "8999-12-31", "9000-01-01", "9999-12-31")
    }
    assert [answer.status_code for answer in outcomes.values()] == [400, 400, 200, 200, 400, 400]
    assert outcomes["9999-12-31"].json()["errors"][0]["field"] == "as_of"


@pytest.mark.parametrize(("days", "statements"), [(-1, 5), (1, 5)])
def test_statements_are_the_same_with_any_number_of_lines_and_promotions(client_of, count_statements, days, statements):
    client, costs = client_of(make_staff()), {}
    moment = iso(timezone.now() + timedelta(days=days))
    for number in (1, 20):
        cart = make_cart(units={make_offer(): 1 for _ in range(number)}, country="GB", postal_code="E1")
        for place in range(number):
            make_promotion(f"No. {place}")
        reprice_variants(variant_ids=Variant.objects.values_list("pk", flat=True), percent=Decimal(10))
        with count_statements() as counted:
            assert client.get(f"{CARTS}{cart.pk}/", {"as_of": moment}).status_code == 200
        costs[number] = len(counted)
    assert costs == {1: statements, 20: statements}


@pytest.mark.parametrize("days", [-1, 1])
def test_gifts_cost_one_statement_and_tables_that_have_changed_another(monkeypatch, count_statements, days):
    cart, spoon = make_cart(units={make_offer(): 1}), make_offer()
    asked = {"cart_id": cart.pk, "moment": timezone.now() + timedelta(days=days), "user_id": 0, "sees_all": True}
    gift = {"kind": "gift", "get_quantity": 1, "gift_variant": spoon.pk}
    counts = []
    for rules in ({"kind": "percentage", "value": "5"}, gift):
        services.create_promotion(label="Autumn", rules=rules, status="active")
        PromotionVersion.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
        for have_changed in (False, True):
            with count_statements() as counted:
                if have_changed:
                    monkeypatch.setattr(price_tables, "_kept", None)
                cart_as_of(**asked)
            counts.append(len(counted))
    assert counts == [4, 5, 5, 6]
