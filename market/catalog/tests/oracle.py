"""A small shop of known products, and plain Python that says which of them a list must show."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from market.catalog.models import Category, Collection, CollectionItem, Product, ProductListing, ProductType, Variant
from market.catalog.services import refresh_listings
from market.catalog.tests.factories import make_category, make_product
from market.inventory.services import open_stock

WORDS = ["Red", "retro", "Spot", "mug", "MUGS", "tea-light", "Light", "holder", "T-LIGHT", "Café", "12", "doll's"]
COLORS = ["red", "blue", "green"]
MATERIALS = ["oak", "steel & glass"]
# The names under which a category is shown; nothing hidden has one.
SHOWN_ABOVE = {"home": "home", "kitchen": "home kitchen", "mugs": "home kitchen mugs", "toys": "toys"}
PRICES = ["0.00", "0.42", "1.25", "1.25", "4.95", "10.00", "99.99"]


@dataclass(frozen=True)
class KnownVariant:
    sku: str
    price: Decimal
    compare_at_price: Decimal | None
    is_active: bool
    on_hand: int
    attributes: dict


@dataclass(frozen=True)
class KnownProduct:
    id: int
    title: str
    status: str
    category: str | None
    created_at: datetime
    variants: tuple[KnownVariant, ...]
    attributes: dict
    is_featured: bool
    rating: Decimal | None
    collections: tuple[str, ...]

    @property
    def shown(self) -> KnownVariant | None:
        """The variant whose price the list shows: active, available first, cheapest first."""
        active = [variant for variant in self.variants if variant.is_active]
        return min(active, key=lambda variant: (variant.on_hand == 0, variant.price), default=None)

    @property
    def is_listed(self) -> bool:
        return self.status == "active" and self.shown is not None

    @property
    def in_stock(self) -> bool:
        return any(variant.is_active and variant.on_hand for variant in self.variants)

    @property
    def on_sale(self) -> bool:
        return self.shown.compare_at_price is not None and self.shown.compare_at_price > self.shown.price

    def values_of(self, code: str) -> set[str]:
        """Every value of an attribute as a filter would name it; the inventor's is not filterable."""
        tellers = [self.attributes, *(variant.attributes for variant in self.variants if variant.is_active)]
        told = [teller[code] for teller in tellers if code in teller and code != "inventor"]
        return {str(value).lower() if isinstance(value, bool) else str(value) for value in told}

    @property
    def words(self) -> list[str]:
        """What a search may find: title, SKUs, filterable attributes, the shown categories above."""
        values = [value for code in ("material", "height", "is_new", "color") for value in self.values_of(code)]
        names = SHOWN_ABOVE.get(self.category, "")
        text = " ".join([self.title, *(variant.sku for variant in self.variants), *values, names])
        return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


@dataclass(frozen=True)
class KnownShop:
    """The products, and each category's slug with the slugs from the root down to it."""

    products: list[KnownProduct]
    paths: dict[str, list[str]]

    def ids(self, *conditions: Callable[[KnownProduct], bool]) -> list[int]:
        """The listed products that meet all conditions, the latest first."""
        rows = [p for p in self.products if p.is_listed and all(condition(p) for condition in conditions)]
        return [p.id for p in sorted(rows, key=lambda p: (p.created_at, p.id), reverse=True)]

    def in_category(self, slug: str) -> Callable[[KnownProduct], bool]:
        return lambda p: p.category is not None and slug in self.paths[p.category]


def costs(lowest: str = "0", highest: str = "1000000") -> Callable[[KnownProduct], bool]:
    return lambda p: Decimal(lowest) <= p.shown.price <= Decimal(highest)


def rated(lowest: str) -> Callable[[KnownProduct], bool]:
    return lambda p: p.rating is not None and p.rating >= Decimal(lowest)


def has(code: str, *values: str) -> Callable[[KnownProduct], bool]:
    return lambda p: bool(p.values_of(code) & set(values))


def says(*beginnings: str) -> Callable[[KnownProduct], bool]:
    return lambda p: all(any(word.startswith(beginning) for word in p.words) for beginning in beginnings)


def open_known_shop(*, products: int = 80, seed: int = 7) -> KnownShop:
    """Products of every kind: ties in price and time, variants sold out or inactive, drafts, no category."""
    dice = random.Random(seed)
    categories, paths = _known_categories()
    known_type, collections = _known_type(), _known_collections()
    known = [
        _known_product(dice, number, dice.choice([*categories, None]), dice.choice([known_type, None]))
        for number in range(products)
    ]
    refresh_listings(product_ids=[product.id for product in known])
    for product in known:
        ProductListing.objects.filter(pk=product.id).update(rating=product.rating)
        CollectionItem.objects.bulk_create(
            CollectionItem(product_id=product.id, collection=collections[slug]) for slug in product.collections
        )
    return KnownShop(known, paths)


def _known_type() -> ProductType:
    known_type = ProductType.objects.create(title="Thing", slug="thing")
    for code, kind, options in (
        ("material", "choice", {"choices": MATERIALS}),
        ("height", "number", {}),
        ("is_new", "boolean", {}),
        ("inventor", "text", {"is_filterable": False}),
        ("color", "color", {"choices": COLORS, "is_of_variant": True}),
    ):
        known_type.attributes.create(code=code, title=code.title(), kind=kind, **options)
    return known_type


def _known_collections() -> dict[str, Collection]:
    return {
        slug: Collection.objects.create(slug=slug, title=slug.title(), is_active=slug != "secret")
        for slug in ("gifts", "classics", "secret")
    }


def _told(dice: random.Random, values: dict) -> dict:
    """Some of the values."""
    return {code: value for code, value in values.items() if dice.random() < 0.6}


def _known_categories() -> tuple[list[Category], dict[str, list[str]]]:
    home = make_category(slug="home", title="Home")
    kitchen = make_category(slug="kitchen", title="Kitchen", parent=home)
    mugs = make_category(slug="mugs", title="Mugs", parent=kitchen)
    toys = make_category(slug="toys", title="Toys")
    hidden = make_category(slug="hidden", title="Hidden", parent=home, is_active=False)
    below_hidden = make_category(slug="below-hidden", title="Below Hidden", parent=hidden)
    paths = {
        "home": ["home"],
        "kitchen": ["home", "kitchen"],
        "mugs": ["home", "kitchen", "mugs"],
        "toys": ["toys"],
        "hidden": [],
        "below-hidden": ["below-hidden"],
    }
    return [home, kitchen, mugs, toys, hidden, below_hidden], paths


def _known_product(
    dice: random.Random, number: int, category: Category | None, product_type: ProductType | None
) -> KnownProduct:
    variants = tuple(
        _known_variant(dice, f"{number:03d}{letter}", {"color": dice.choice(COLORS)} if product_type else {})
        for letter in "AB"[: dice.randint(1, 2)]
    )
    attributes = {
        "material": dice.choice(MATERIALS),
        "height": dice.choice([7, 12.5]),
        "is_new": dice.random() < 0.5,
        "inventor": "A. Nobody",
    }
    attributes = _told(dice, attributes) if product_type else {}
    is_featured = dice.random() < 0.3
    product = make_product(
        title=" ".join(dice.sample(WORDS, dice.randint(1, 4))),
        status=dice.choice(["active"] * 8 + ["draft", "archived"]),
        category=category,
        product_type_id=product_type and product_type.pk,
        attributes=attributes,
        is_featured=is_featured,
        variants=[
            {
                "sku": variant.sku,
                "price": variant.price,
                "compare_at_price": variant.compare_at_price,
                "is_active": variant.is_active,
                "attributes": variant.attributes,
            }
            for variant in variants
        ],
    )
    created_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=dice.randint(0, 30))
    Product.objects.filter(pk=product.pk).update(created_at=created_at)
    ids = dict(Variant.objects.filter(product=product).values_list("sku", "pk"))
    open_stock(units={ids[variant.sku]: variant.on_hand for variant in variants})
    return KnownProduct(
        id=product.pk,
        title=product.title,
        status=product.status,
        category=category.slug if category else None,
        created_at=created_at,
        variants=variants,
        attributes=attributes,
        is_featured=is_featured,
        rating=dice.choice([None, None, Decimal("1.50"), Decimal("4.00"), Decimal("4.67")]),
        collections=tuple(slug for slug in ("gifts", "classics", "secret") if dice.random() < 0.3),
    )


def _known_variant(dice: random.Random, sku: str, attributes: dict) -> KnownVariant:
    price = Decimal(dice.choice(PRICES))
    return KnownVariant(
        sku=sku,
        price=price,
        compare_at_price=price + 1 if dice.random() < 0.2 else None,
        is_active=dice.random() < 0.85,
        on_hand=dice.choice([0, 0, 3, 50]),
        attributes=_told(dice, attributes),
    )
