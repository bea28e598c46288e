"""Races on real PostgreSQL, the claim, and the end of carts."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from core.errors import ShopError
from market.carts import services
from market.carts.errors import CartItemNotFound, CartNotFound, CartOrdered, UnknownShippingMethod
from market.carts.models import Cart, CartItem
from market.carts.selectors import priced_cart
from market.carts.sql import ADD_TO_LINE
from market.carts.tests.factories import make_cart, make_full_cart, make_offer
from market.inventory.errors import InsufficientStock
from market.inventory.models import StockItem
from market.pricing.services import Uses
from tests.parallel import in_parallel


def all_at_once(calls: list[Callable]) -> list:
    """What each call returned or was refused with, made at the same moment on connections of their own."""

    def answer(call):
        try:
            return call()
        except ShopError as refusal:
            return type(refusal)
        finally:
            connections.close_all()

    return in_parallel([partial(answer, call) for call in calls])


@pytest.mark.django_db(transaction=True)
def test_parallel_additions_to_one_line_are_all_counted():
    variant = make_offer(available=50)
    cart = make_cart()
    add = partial(services.add_item, cart_id=cart.pk, variant_id=variant.pk, quantity=1)

    answers = all_at_once([add] * 24)

    assert answers == [None] * 24
    assert list(CartItem.objects.values_list("variant_id", "quantity")) == [(variant.pk, 24)]
    assert Cart.objects.get().version == 24


@pytest.mark.django_db(transaction=True)
def test_parallel_additions_never_pass_what_is_available():
    variant = make_offer(available=10)
    cart = make_cart()
    add = partial(services.add_item, cart_id=cart.pk, variant_id=variant.pk, quantity=3)

    answers = all_at_once([add] * 12)

    assert sorted(map(str, answers)) == sorted(map(str, [None] * 3 + [InsufficientStock] * 9))
    assert CartItem.objects.get().quantity == 9


@pytest.mark.django_db(transaction=True)
def test_parallel_writes_of_every_kind_end_in_one_of_their_orders():
    first, second = make_offer(), make_offer()
    cart = make_cart(units={first: 1})
    item_id = cart.items.get().pk
    replace = partial(services.replace_items, cart_id=cart.pk, lines=[services.WantedLine(second.pk, 2)])
    calls = [
        partial(services.add_item, cart_id=cart.pk, variant_id=second.pk, quantity=1),
        partial(services.set_quantity, cart_id=cart.pk, item_id=item_id, quantity=5),
        partial(services.remove_item, cart_id=cart.pk, item_id=item_id),
        replace,
        replace,
    ]

    answers = all_at_once(calls * 4)

    assert {answer for answer in answers if answer is not None} <= {CartItemNotFound}
    assert dict(CartItem.objects.values_list("variant_id", "quantity")).get(second.pk) in {2, 3, 4, 5, 6}
    assert CartItem.objects.filter(variant=second).count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_cart_is_claimed_once():
    cart = make_full_cart(lines=1)

    answers = all_at_once(
        [
            partial(services.claim_cart, cart_id=cart.pk, version=0, uses=Uses(f"ORDER-{number}", "ann@shop.example"))
            for number in range(8)
        ]
    )

    assert sorted(answers) == [False] * 7 + [True]
    assert Cart.objects.get().order_number == f"ORDER-{answers.index(True)}"


@pytest.mark.django_db(transaction=True)
def test_a_write_that_waits_for_the_claim_is_refused_and_changes_nothing():
    variant = make_offer()
    cart = make_cart(units={variant: 1})
    add = partial(services.add_item, cart_id=cart.pk, variant_id=variant.pk, quantity=1)
    claimed, waiting = [], []

    def claim_and_hold():
        with transaction.atomic():
            claimed.append(services.claim_cart(cart_id=cart.pk, version=0, uses=Uses("ORDER-1", "ann@shop.example")))
            with connection.cursor() as cursor:
                # Until the addition waits for this transaction's lock on the cart.
                for _ in range(6000):
                    cursor.execute(
                        "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid"
                    )
                    waiting.append(cursor.fetchone()[0])
                    if waiting[-1]:
                        return
                    cursor.execute("SELECT pg_sleep(0.02)")

    def add_after_claim():
        while not claimed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.005)")
        return add()

    answers = all_at_once([claim_and_hold, add_after_claim])

    assert (claimed, waiting[-1], answers) == ([True], 1, [None, CartOrdered])
    assert CartItem.objects.get().quantity == 1
    assert Cart.objects.get().version == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("version", "changes"),
    [(1, {}), (3, {}), (2, {"order_number": "ORDER-0"}), (2, {"expires_at": timezone.now() - timedelta(days=1)})],
)
def test_a_cart_that_is_not_as_it_was_priced_is_not_claimed(version, changes):
    cart = make_cart(version=2, **changes)

    assert not services.claim_cart(cart_id=cart.pk, version=version, uses=Uses("ORDER-1", "ann@shop.example"))
    assert Cart.objects.get().order_number == changes.get("order_number")


@pytest.mark.django_db
def test_what_was_priced_is_what_is_claimed():
    cart = make_full_cart(lines=2)
    services.set_delivery(cart_id=cart.pk, country="GB", postal_code="E1")
    priced = priced_cart(cart_id=cart.pk)

    assert services.claim_cart(cart_id=cart.pk, version=priced.version, uses=Uses("ORDER-1", "ann@shop.example"))
    assert priced_cart(cart_id=cart.pk).order_number == "ORDER-1"


@pytest.mark.django_db
def test_a_refusal_that_stock_undoes_before_it_is_explained_is_tried_again():
    variant = make_offer(available=1)
    cart = make_cart()
    statements = []

    def restock_after_the_first(execute, sql, *rest):
        result = execute(sql, *rest)
        statements.append(sql)
        if len(statements) == 1:
            StockItem.objects.update(on_hand=5)
        return result

    with connection.execute_wrapper(restock_after_the_first):
        services.add_item(cart_id=cart.pk, variant_id=variant.pk, quantity=5)

    assert [ADD_TO_LINE in sql for sql in statements].count(True) == 2
    assert cart.items.get().quantity == 5


@pytest.mark.django_db
def test_only_expired_carts_without_order_are_deleted_oldest_first_and_bounded():
    now = timezone.now()
    variant = make_offer()
    ages = {days: make_cart(units={variant: 1}, expires_at=now - timedelta(days=days)) for days in (1, 3, 2, -1)}
    ordered = make_cart(units={variant: 1}, expires_at=now - timedelta(days=9), order_number="ORDER-1")

    deleted = [services.delete_expired_carts(limit=2)]
    left = set(Cart.objects.values_list("pk", flat=True))
    deleted += [services.delete_expired_carts(limit=2), services.delete_expired_carts(limit=2)]

    assert left == {ages[1].pk, ages[-1].pk, ordered.pk}
    assert deleted == [2, 1, 0]
    assert set(CartItem.objects.values_list("cart_id", flat=True)) == {ages[-1].pk, ordered.pk}


@pytest.mark.django_db(transaction=True)
def test_deleting_expired_carts_passes_over_one_that_is_held():
    past = timezone.now() - timedelta(days=1)
    held, free = make_full_cart(lines=1, expires_at=past), make_full_cart(lines=1, expires_at=past)

    with transaction.atomic():
        Cart.objects.select_for_update().get(pk=held.pk)
        deleted = all_at_once([partial(services.delete_expired_carts, limit=10)])

    assert deleted == [1]
    assert list(Cart.objects.values_list("pk", flat=True)) == [held.pk]
    assert not CartItem.objects.filter(cart_id=free.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_ten_thousand_abandoned_carts_go_in_bounded_batches():
    variant = make_offer()
    past = timezone.now() - timedelta(days=1)
    carts = Cart.objects.bulk_create([Cart(expires_at=past) for _ in range(10_000)], batch_size=1_000)
    CartItem.objects.bulk_create(
        [CartItem(cart=cart, variant=variant, quantity=1, unit_price=1) for cart in carts], batch_size=5_000
    )
    alive = make_cart(units={variant: 1})

    deleted = [services.delete_expired_carts(limit=4_000) for _ in range(4)]

    assert deleted == [4_000, 4_000, 2_000, 0]
    assert list(CartItem.objects.values_list("cart_id", flat=True)) == [alive.pk]


@pytest.mark.django_db
def test_pricing_for_a_destination_leaves_the_cart_as_it_is():
    cart = make_full_cart(lines=2, country="GB", postal_code="E1")

    priced = priced_cart(cart_id=cart.pk, country="FR", postal_code="75001", shipping_method="standard")

    assert (priced.country, priced.region, priced.postal_code) == ("FR", "", "75001")
    assert priced_cart(cart_id=cart.pk).country == "GB"


@pytest.mark.django_db
def test_pricing_with_a_method_that_is_not_offered_is_refused():
    cart = make_full_cart(lines=1)

    with pytest.raises(UnknownShippingMethod) as refusal:
        priced_cart(cart_id=cart.pk, country="GB", shipping_method="teleport")

    assert [error.field for error in refusal.value.errors] == ["shipping_method"]


@pytest.mark.django_db
def test_a_deleted_cart_is_gone():
    cart = make_full_cart(lines=3)

    services.delete_cart(cart_id=cart.pk)

    with pytest.raises(CartNotFound):
        priced_cart(cart_id=cart.pk)
    assert not CartItem.objects.exists()
