"""Reads of carts."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core.countries import COUNTRY_CODES
from core.money import ZERO
from market.carts import sql
from market.carts.errors import CartNotFound, UnknownCountry, UnknownShippingMethod, WishlistNotFound
from market.carts.models import Cart, CartItem, StockAlert, Wishlist, WishlistItem
from market.catalog.models import Product, ProductImage, Variant
from market.pricing.rules import LineInput, Quote, QuoteInput, ShippingInput, quote
from market.pricing.selectors import PriceTables, price_tables
from market.shipping.rules import Destination, Option, Parcel, Refusal, options
from market.taxes.rules import STANDARD_CLASS, rate_for


@dataclass(frozen=True, slots=True)
class LineImage:
    """The picture of a line's product: its name in the media storage, and its words."""

    name: str
    alt: str


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line as of now. `seen_unit_price` is what the buyer was last shown; `available` is what
    stock has; a line that is not `is_sellable` cannot be ordered."""

    item_id: int
    variant_id: int
    sku: str
    variant_title: str
    product_id: int
    product_title: str
    product_slug: str
    image: LineImage | None
    quantity: int
    unit_price: Decimal
    seen_unit_price: Decimal
    available: int
    is_sellable: bool
    weight_grams: int
    tax_class: str
    created_at: datetime
    updated_at: datetime

    @property
    def title(self) -> str:
        """What an order calls it: the product, and what sets the variant apart."""
        return f"{self.product_title}, {self.variant_title}" if self.variant_title else self.product_title

    @property
    def price_changed(self) -> bool:
        return self.unit_price != self.seen_unit_price


@dataclass(frozen=True, slots=True)
class PricedCart:
    """A cart with its quote for one destination. Lines are in the order in which they were added.

    `shipping_method` is the code that was priced: the chosen one, else the first that goes there;
    `shipping_refusal` says why none was. `shipping_options` are all methods for this destination.
    """

    id: UUID
    customer_id: int | None
    country: str
    region: str
    postal_code: str
    shipping_method: str
    shipping_refusal: Refusal | None
    shipping_options: list[Option]
    version: int
    order_number: str | None
    expires_at: datetime
    currency: str
    lines: tuple[CartLine, ...]
    quote: Quote
    quote_input: QuoteInput


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be bought of one variant now."""

    variant_id: int
    sku: str
    price: Decimal
    available: int


def priced_cart(
    *,
    cart_id: UUID,
    user_id: int | None = None,
    country: str | None = None,
    region: str | None = None,
    postal_code: str | None = None,
    shipping_method: str | None = None,
) -> PricedCart:
    """The cart with prices, stock, shipping and tax as of now: one statement however many lines, and
    one more after staff changed rates or methods.

    With `country` it is priced for that destination, and with `shipping_method` for that method,
    in place of the cart's own. Before a destination and a method are known the quote is an
    estimate. Takes no lock. Raises CartNotFound for a cart that does not exist, has expired or is
    claimed by another user's customer, and Invalid for a `shipping_method` that is not offered,
    unless the cart was ordered.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            sql.PRICED_CART,
            {
                "cart_id": cart_id,
                "country": country,
                "region": region,
                "postal_code": postal_code,
                "shipping_method": shipping_method,
            },
        )
        rows = cursor.fetchall()
    if not rows:
        raise CartNotFound
    header, has_lines = rows[0][:12], rows[0][12] is not None
    (id_, customer_id, owner_id, version, order_number, expires_at, is_expired) = header[:7]
    if is_expired or (customer_id is not None and owner_id != user_id):
        raise CartNotFound
    (country, region, postal_code, wanted_method, prices_version) = header[7:]
    tables = price_tables.at(prices_version)
    lines = tuple(_line(row[12:]) for row in rows) if has_lines else ()
    destination = Destination(country=country, region=region, postal_code=postal_code) if country else None
    offered = [] if destination is None else _offered(lines=lines, destination=destination, tables=tables)
    chosen = _chosen(offered, wanted=wanted_method)
    if shipping_method and chosen is None and destination is not None and order_number is None:
        raise UnknownShippingMethod
    quote_input = _quote_input(lines=lines, chosen=chosen, destination=destination, tables=tables)
    return PricedCart(
        id=id_,
        customer_id=customer_id,
        country=country,
        region=region,
        postal_code=postal_code,
        shipping_method=quote_input.shipping.code if quote_input.shipping else wanted_method,
        shipping_refusal=chosen.refusal if chosen else None,
        shipping_options=offered,
        version=version,
        order_number=order_number,
        expires_at=expires_at,
        currency=settings.SHOP_CURRENCY,
        lines=lines,
        quote=quote(quote_input),
        quote_input=quote_input,
    )


def current_cart_id(*, user_id: int) -> UUID:
    """The open cart of the user's customer: one query. Raises CartNotFound when there is none."""
    cart_id = Cart.objects.open().filter(customer__user_id=user_id).values_list("pk", flat=True).first()
    if cart_id is None:
        raise CartNotFound
    return cart_id


def offers(*, variant_ids: Collection[int]) -> dict[int, Offer]:
    """What may be bought of these variants, by id, without those that are not for sale: one query."""
    rows = Variant.objects.filter(
        pk__in=variant_ids, is_active=True, product__status=Product.Status.ACTIVE
    ).values_list("pk", "sku", "price", Coalesce(F("stock__on_hand") - F("stock__reserved"), 0))
    return {row[0]: Offer(*row) for row in rows}


def variants_in_stock(*, variant_ids: Collection[int]) -> set[int]:
    """Those of the variants that are for sale and in stock: one query."""
    variants = Variant.objects.filter(pk__in=variant_ids, is_active=True, product__status=Product.Status.ACTIVE)
    return set(variants.filter(in_stock=True).values_list("pk", flat=True))


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


def shipping_options_for_cart(
    *, cart_id: UUID, user_id: int | None = None, country: str = "", region: str = "", postal_code: str = ""
) -> list[Option]:
    """What each way to send the cart to this destination, else to the cart's own, costs, or why it cannot be had.

    One statement. Raises CartNotFound, and Invalid (`country`) when it is no country or known from nowhere.
    """
    if country and country not in COUNTRY_CODES:
        raise UnknownCountry
    place = {"country": country, "region": region, "postal_code": postal_code} if country else {}
    cart = priced_cart(cart_id=cart_id, user_id=user_id, **place)
    if not cart.country:
        raise UnknownCountry
    return cart.shipping_options


def carts_data(*, customer_id: int) -> Iterator[dict[str, Any]]:
    """The customer's carts for himself, oldest first: two queries per 500."""
    own = ("id", "country", "region", "postal_code", "shipping_method", "order_number", "created_at", "expires_at")
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


def _line(row: tuple) -> CartLine:
    (item_id, quantity, seen_unit_price, created_at, updated_at, variant_id, sku, variant_title, unit_price) = row[:9]
    (product_id, product_title, product_slug, image, alt, available, is_sellable, weight_grams, tax_class) = row[9:]
    return CartLine(
        item_id=item_id,
        variant_id=variant_id,
        sku=sku,
        variant_title=variant_title,
        product_id=product_id,
        product_title=product_title,
        product_slug=product_slug,
        image=LineImage(name=image, alt=alt) if image else None,
        quantity=quantity,
        unit_price=unit_price,
        seen_unit_price=seen_unit_price,
        available=available,
        is_sellable=is_sellable,
        weight_grams=weight_grams,
        tax_class=tax_class,
        created_at=created_at,
        updated_at=updated_at,
    )


def _offered(*, lines: Sequence[CartLine], destination: Destination, tables: PriceTables) -> list[Option]:
    """Every method of the shop for these lines and destination."""
    parcel = Parcel(
        subtotal=sum((line.unit_price * line.quantity for line in lines), ZERO),
        weight_grams=sum(line.weight_grams * line.quantity for line in lines),
    )
    shipping = tables.shipping
    return options(methods=shipping.methods, zones=shipping.zones, destination=destination, parcel=parcel)


def _chosen(offered: Sequence[Option], *, wanted: str) -> Option | None:
    """The wanted method, if the shop has it; without a wish the first that can be had, else the first and why not."""
    if wanted:
        return next((option for option in offered if option.method.code == wanted), None)
    return next((option for option in offered if option.refusal is None), next(iter(offered), None))


def _quote_input(
    *, lines: Iterable[CartLine], chosen: Option | None, destination: Destination | None, tables: PriceTables
) -> QuoteInput:
    """What the engine is asked. Without a method that can be had it is an estimate."""

    @cache
    def rate(tax_class: str) -> Decimal:
        return rate_for(rates=tables.rates, tax_class=tax_class, country=destination.country, region=destination.region)

    shipping = None
    if chosen is not None and chosen.price is not None:
        method = chosen.method
        shipping = ShippingInput(
            code=method.code, label=method.label, price=chosen.price, tax_rate=rate(STANDARD_CLASS)
        )
    return QuoteInput(
        lines=tuple(
            LineInput(
                variant_id=line.variant_id,
                sku=line.sku,
                title=line.title,
                quantity=line.quantity,
                unit_price=line.unit_price,
                tax_rate=None if shipping is None else rate(line.tax_class),
            )
            for line in lines
        ),
        shipping=shipping,
        prices_include_tax=settings.PRICES_INCLUDE_TAX,
        currency=settings.SHOP_CURRENCY,
    )
