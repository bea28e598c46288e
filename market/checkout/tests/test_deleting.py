"""Staff delete from the catalog what is being bought at that moment: the order wins, and nobody waits for ever."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from core.errors import Invalid
from market.carts.models import CartItem
from market.carts.services import WantedLine, add_item, create_cart, replace_items
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.errors import ProductOrdered
from market.catalog.models import Product, Variant
from market.catalog.services import Deletion, delete_product, delete_variant
from market.inventory.models import StockItem
from market.orders.models import OrderItem
from market.orders.tests.factories import make_order
from tests.running import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def begin(pool: ThreadPoolExecutor, call: Callable[[], Any]) -> Future:
    """Start the call on a connection of its own, and return once it waits for a lock of this one."""

    def run() -> Any:
        try:
            return call()
        finally:
            connection.close()

    future = pool.submit(run)
    wait_for(lambda: future.done() or somebody_waits(), what="the other waits for a lock")
    return future


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
        return cursor.fetchone()[0] > 0


@pytest.mark.parametrize("what", ["variant", "product"])
def test_the_last_unit_is_sold_while_staff_delete_it(what):
    variant = make_offer(available=1)
    cart = make_cart(units={variant: 1})
    delete = {
        "variant": partial(delete_variant, product_id=variant.product_id, variant_id=variant.pk),
        "product": partial(delete_product, product_id=variant.product_id),
    }[what]
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            StockItem.objects.select_for_update(no_key=True).get(pk=variant.pk)
            deletion = begin(pool, delete)
            make_order(cart=cart)
        if what == "variant":
            with pytest.raises(ProductOrdered):
                deletion.result()
        else:
            assert deletion.result() == Deletion(archived=True)
    assert OrderItem.objects.get().variant_id == variant.pk
    assert (StockItem.objects.get().reserved, Variant.objects.get().in_stock) == (1, False)
    assert Product.objects.get().status == {"variant": "active", "product": "archived"}[what]


@pytest.mark.parametrize("write", ["add", "replace", "create"])
def test_what_is_deleted_while_it_is_put_into_a_cart_is_unknown(write):
    variant = make_offer()
    cart = make_cart()
    line = WantedLine(variant_id=variant.pk, quantity=1)
    put = {
        "add": partial(add_item, cart_id=cart.pk, variant_id=variant.pk, quantity=1),
        "replace": partial(replace_items, cart_id=cart.pk, lines=[line]),
        "create": partial(create_cart, lines=[line]),
    }[write]
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            delete_variant(product_id=variant.product_id, variant_id=variant.pk)
            adding = begin(pool, put)
        with pytest.raises(Invalid) as refusal:
            adding.result()
    assert [error.code for error in refusal.value.errors] == ["unknown"]
    assert CartItem.objects.count() == 0
