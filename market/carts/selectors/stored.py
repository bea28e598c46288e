"""Carts, wishlists and alerts as they are kept."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce

from market.carts.errors import CartNotFound, WishlistNotFound
from market.carts.models import Cart, CartItem, StockAlert, Wishlist, WishlistItem
from market.catalog.models import ProductImage, Variant


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be bought of one variant now."""

    variant_id: int
    sku: str
    price: Decimal
    available: int


def current_cart_id(*, user_id: int) -> UUID:
    """The open cart of the user's customer: one query. Raises CartNotFound when there is none."""
    cart_id = Cart.objects.open().filter(customer__user_id=user_id).values_list("pk", flat=True).first()
    if cart_id is None:
        raise CartNotFound
    return cart_id


def offers(*, variant_ids: Collection[int]) -> dict[int, Offer]:
    """What may be bought of these variants, by id, without those that are not for sale: one query."""
    rows = Variant.objects.for_sale().filter(pk__in=variant_ids)
    rows = rows.values_list("pk", "sku", "price", Coalesce(F("stock__on_hand") - F("stock__reserved"), 0))
    return {row[0]: Offer(*row) for row in rows}


def variants_in_stock(*, variant_ids: Collection[int]) -> set[int]:
    """Those of the variants that are for sale and in stock: one query."""
    variants = Variant.objects.for_sale().filter(pk__in=variant_ids, in_stock=True)
    return set(variants.values_list("pk", flat=True))


def wishlists_of(*, customer_id: int) -> QuerySet[Wishlist]:
    """The customer's wishlists, each with its `item_count`: one query."""
    items = WishlistItem.objects.filter(wishlist=OuterRef("pk")).order_by().values("wishlist")
    counted = Subquery(items.annotate(count=Count("pk")).values("count"))
    return Wishlist.objects.filter(customer_id=customer_id).annotate(item_count=Coalesce(counted, 0))


def wishlist_of(*, customer_id: int, wishlist_id: int) -> Wishlist:
    """One of the customer's wishlists: one query. Raises WishlistNotFound."""
    wishlist = wishlists_of(customer_id=customer_id).filter(pk=wishlist_id).first()
    if wishlist is None:
        raise WishlistNotFound
    return wishlist


def wishlist_items(*, wishlist_id: int) -> QuerySet[WishlistItem]:
    """What is on a wishlist, with variant, product and the name and words of its first picture: one query."""
    pictures = ProductImage.objects.filter(product=OuterRef("variant__product"))
    first = pictures.order_by("-is_primary", "position", "pk")
    return (
        WishlistItem.objects.filter(wishlist_id=wishlist_id)
        .select_related("variant__product")
        .annotate(image=Subquery(first.values("image")[:1]), alt=Subquery(first.values("alt")[:1]))
    )


def carts_data(*, customer_id: int) -> Iterator[dict[str, Any]]:
    """The customer's carts for himself, oldest first: two queries per 500."""
    own = ("id", "country", "region", "postal_code", "shipping_method", "coupons", "order_number", "created_at")
    carts = Cart.objects.filter(customer_id=customer_id).order_by("created_at", "pk")
    items = CartItem.objects.select_related("variant__product").order_by("pk")
    for cart in carts.prefetch_related(Prefetch("items", items)).iterator(chunk_size=500):
        lines = [_named(item.variant) | {"quantity": item.quantity} for item in cart.items.all()]
        yield {name: getattr(cart, name) for name in own} | {"items": lines}


def wishlists_data(*, customer_id: int) -> Iterator[dict[str, Any]]:
    """The customer's wishlists for himself: two queries per 500."""
    wishlists = Wishlist.objects.filter(customer_id=customer_id).order_by("pk")
    items = WishlistItem.objects.select_related("variant__product").order_by("pk")
    for wishlist in wishlists.prefetch_related(Prefetch("items", items)).iterator(chunk_size=500):
        lines = [_named(item.variant) | {"created_at": item.created_at} for item in wishlist.items.all()]
        yield {"title": wishlist.title, "created_at": wishlist.created_at, "items": lines}


def stock_alerts_data(*, customer_id: int) -> Iterator[dict[str, Any]]:
    """What the customer waits for: one query."""
    alerts = StockAlert.objects.filter(customer_id=customer_id).select_related("variant__product").order_by("pk")
    return (_named(alert.variant) | {"created_at": alert.created_at} for alert in alerts.iterator(chunk_size=500))


def _named(variant: Variant) -> dict[str, str]:
    return {"sku": variant.sku, "product": variant.product.title, "variant": variant.title}
