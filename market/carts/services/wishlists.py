"""A customer's wishlists. Each locks what it counts, as limits are kept for all of a customer's devices together."""

from functools import partial
from uuid import UUID

from django.utils import timezone

from core.errors import FieldError, Invalid
from core.guards import guard_enabled
from core.transactions import in_one_transaction
from market.carts.errors import (
    NotForSale,
    TooManyWishlistItems,
    TooManyWishlists,
    WishlistExists,
    WishlistItemNotFound,
    WishlistNotFound,
)
from market.carts.models import Wishlist, WishlistItem
from market.carts.selectors import offers
from market.carts.services.limits import hold_customer
from market.carts.services.writing import add_item, despite_deletions

# Nobody needs more, and every list of them stays some pages.
MAX_WISHLISTS = 50
MAX_WISHLIST_ITEMS = 200


@in_one_transaction
def create_wishlist(*, customer_id: int, title: str) -> tuple[Wishlist, bool]:
    """Make a wishlist, or find the one of that title; and whether it was made. Raises TooManyWishlists."""
    hold_customer(customer_id=customer_id)
    wishlist = Wishlist.objects.filter(customer_id=customer_id, title=title).first()
    if wishlist is not None:
        return wishlist, False
    if Wishlist.objects.filter(customer_id=customer_id).count() >= MAX_WISHLISTS:
        raise TooManyWishlists
    return Wishlist.objects.create(customer_id=customer_id, title=title), True


@in_one_transaction
def rename_wishlist(*, customer_id: int, wishlist_id: int, title: str) -> None:
    """Give a wishlist another title. Raises WishlistNotFound and WishlistExists."""
    hold_customer(customer_id=customer_id)
    of_title = Wishlist.objects.filter(customer_id=customer_id, title=title).exclude(pk=wishlist_id)
    if (other := of_title.values_list("pk", flat=True).first()) is not None:
        raise WishlistExists(extra={"wishlist": other})
    wishlist = Wishlist.objects.filter(customer_id=customer_id, pk=wishlist_id)
    if not wishlist.update(title=title, updated_at=timezone.now()):
        raise WishlistNotFound


def delete_wishlist(*, customer_id: int, wishlist_id: int) -> None:
    """Forget a wishlist with what is on it. Raises WishlistNotFound."""
    deleted, _ = Wishlist.objects.filter(customer_id=customer_id, pk=wishlist_id).delete()
    if not deleted:
        raise WishlistNotFound


def add_wishlist_item(*, customer_id: int, wishlist_id: int, variant_id: int) -> tuple[int, bool]:
    """Put a variant on a wishlist; its item's id, and whether it was not there before.

    Locks the wishlist. Raises WishlistNotFound, Invalid (`variant` is not for sale) and TooManyWishlistItems.
    """
    return despite_deletions(
        partial(_add_wishlist_item, customer_id=customer_id, wishlist_id=wishlist_id, variant_id=variant_id)
    )


@in_one_transaction
def _add_wishlist_item(*, customer_id: int, wishlist_id: int, variant_id: int) -> tuple[int, bool]:
    wishlists = Wishlist.objects.filter(customer_id=customer_id, pk=wishlist_id)
    if guard_enabled("customer_limits"):
        wishlists = wishlists.select_for_update(no_key=True)
    wishlist = wishlists.first()
    if wishlist is None:
        raise WishlistNotFound
    items = WishlistItem.objects.filter(wishlist=wishlist)
    if (known := items.filter(variant_id=variant_id).values_list("pk", flat=True).first()) is not None:
        return known, False
    if variant_id not in offers(variant_ids=[variant_id]):
        message = "There is no such variant for sale."
        raise Invalid(message, errors=[FieldError("variant", "unknown", message)])
    if items.count() >= MAX_WISHLIST_ITEMS:
        raise TooManyWishlistItems
    item = WishlistItem.objects.create(wishlist=wishlist, variant_id=variant_id)
    wishlist.save(update_fields=["updated_at"])
    return item.pk, True


def remove_wishlist_item(*, customer_id: int, wishlist_id: int, item_id: int) -> None:
    """Take an item from a wishlist. Raises WishlistItemNotFound."""
    items = WishlistItem.objects.filter(wishlist__customer_id=customer_id, wishlist_id=wishlist_id, pk=item_id)
    if not items.delete()[0]:
        raise WishlistItemNotFound


def move_item_to_cart(
    *, customer_id: int, user_id: int, wishlist_id: int, item_id: int, cart_id: UUID, quantity: int
) -> None:
    """Put an item of a wishlist into a cart, and take it from the list: both, once, or neither.

    Raises WishlistItemNotFound, NotForSale, and what `add_item` does.
    """
    despite_deletions(
        partial(
            _move_item_to_cart,
            customer_id=customer_id,
            user_id=user_id,
            wishlist_id=wishlist_id,
            item_id=item_id,
            cart_id=cart_id,
            quantity=quantity,
        )
    )


@in_one_transaction
def _move_item_to_cart(
    *, customer_id: int, user_id: int, wishlist_id: int, item_id: int, cart_id: UUID, quantity: int
) -> None:
    items = WishlistItem.objects.filter(wishlist__customer_id=customer_id, wishlist_id=wishlist_id, pk=item_id)
    variant_id = items.values_list("variant_id", flat=True).first()
    if variant_id is None:
        raise WishlistItemNotFound
    if variant_id not in offers(variant_ids=[variant_id]):
        raise NotForSale
    add_item(cart_id=cart_id, variant_id=variant_id, quantity=quantity, user_id=user_id)
    # Of two moves of one item the second finds it gone, and what it added is taken back.
    if not items.delete()[0]:
        raise WishlistItemNotFound
