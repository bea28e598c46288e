"""Carts of somebody who is forgotten."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from core.admin_log import erase_log_entries
from core.idempotency import erase_idempotency_keys
from core.transactions import in_one_transaction
from market.carts.models import Cart, StockAlert, Wishlist


@in_one_transaction
def erase_carts(*, customer_id: int, cart_ids: Collection[UUID] = ()) -> None:
    """Delete the customer's carts, these, which he ordered as a guest, wishlists and alerts. Idempotent."""
    carts = Cart.objects.filter(Q(customer_id=customer_id) | Q(pk__in=cart_ids))
    ids = list(carts.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk", flat=True))
    erase_log_entries(model=Cart, ids=ids)
    erase_idempotency_keys(callers=[f"cart:{cart_id}" for cart_id in {*ids, *cart_ids}])
    Cart.objects.filter(pk__in=ids).delete()
    wishlists = Wishlist.objects.filter(customer_id=customer_id)
    erase_log_entries(model=Wishlist, ids=list(wishlists.values_list("pk", flat=True)))
    wishlists.delete()
    StockAlert.objects.filter(customer_id=customer_id).delete()
