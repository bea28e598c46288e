"""A variant that is being deleted takes its stock with it: whoever counts it meanwhile is told that it is gone."""

import threading

import pytest
from django.db import connection, transaction

from core.errors import ShopError
from market.catalog.models import Variant
from market.catalog.services import delete_product
from market.catalog.tests.factories import make_variant
from market.inventory.models import StockItem, StockMovement
from market.inventory.services import move_stock, set_on_hand
from market.inventory.tests.factories import make_stocked_variant
from tests.databases import waiting_in
from tests.running import WAIT_SECONDS, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("make", [make_stocked_variant, make_variant], ids=["with stock", "without stock"])
@pytest.mark.parametrize(
    "write",
    [
        lambda variant_id: set_on_hand(variant_id=variant_id, on_hand=4, reason="counted"),
        lambda variant_id: move_stock(variant_id=variant_id, quantity=4, reason="came"),
    ],
    ids=["counted", "moved"],
)
def test_stock_of_a_variant_that_is_being_deleted(make, write):
    variant = make()
    ends: list[str] = []

    def run() -> None:
        try:
            write(variant.pk)
            ends.append("written")
        except ShopError as error:
            ends.append(error.code)
        finally:
            connection.close()

    writer = threading.Thread(target=run)
    with transaction.atomic():
        delete_product(product_id=variant.product_id)
        writer.start()
        database = connection.settings_dict["NAME"]
        wait_for(lambda: waiting_in(database) == 1, what="the writer waits for the deletion")
    writer.join(timeout=WAIT_SECONDS)
    assert ends == ["variant_not_found"]
    assert (Variant.objects.count(), StockItem.objects.count(), StockMovement.objects.count()) == (0, 0, 0)
