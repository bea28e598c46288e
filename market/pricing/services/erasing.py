"""Uses of promotions stay counted; who used them is forgotten."""

from collections.abc import Collection

from django.db.models import F, Value
from django.db.models.functions import Concat

from core.transactions import in_one_transaction
from market.pricing.models import CustomerList, FirstOrder, PromotionUse


@in_one_transaction
def erase_uses(*, order_numbers: Collection[str]) -> None:
    """Part the uses of these orders from their buyer. Each keeps somebody of its own, as limits are counted by buyer.

    Two statements. Idempotent.
    """
    uses = PromotionUse.objects.filter(order_number__in=order_numbers)
    uses.update(identity=Concat(Value("erased:"), F("order_number")))
    FirstOrder.objects.filter(order_number__in=order_numbers).delete()


def erase_from_lists(*, customer_id: int) -> None:
    """Take a customer from the lists that staff have put him on. One statement. Idempotent."""
    CustomerList.customers.through.objects.filter(customer_id=customer_id).delete()
