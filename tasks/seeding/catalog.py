"""Products as a shop has them: a few best sellers and a long tail, big shelves and small, some sold out.

Product number n of a seed is the same however many are made: they come in batches, each from its own
random numbers. Nothing here looks at a clock or a database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from market.catalog.rules import attribute_token, search_text, slug_of
from market.catalog.services.imports import AttributeImport
from tasks.seeding.words import ADJECTIVES, COLORS, DEPARTMENTS, KINDS, MATERIALS, SENTENCES, SERIES, SWATCHES

BATCH_SIZE = 10_000
# The newest product; half of them are younger than nine months.
NEWEST_AT = datetime(2026, 1, 1, tzinfo=UTC)
MEAN_AGE_SECONDS = 400 * 86_400
SOLD_OUT_SHARE = 0.08
ON_SALE_SHARE = 0.12
INACTIVE_SHARE = 0.05
UNLISTED = {"draft": 0.03, "archived": 0.03}
# One variant in seven of ten products, up to eight in the others.
VARIANT_COUNTS = (*(1,) * 70, *(2,) * 10, *(3,) * 10, *(4,) * 4, *(5,) * 3, *(6,) * 2, 8)
LOWEST_PRICE = 50
ENDINGS = (99, 99, 99, 95, 50, 0)
FEATURED_EVERY = 200
HANDMADE_EVERY = 7
# What these goods tell about themselves, and which lists are narrowed by.
PRODUCT_TYPE = "homeware"
ATTRIBUTES = (
    AttributeImport("material", "Material", "choice", MATERIALS),
    AttributeImport("style", "Style", "choice", ADJECTIVES),
    AttributeImport("series", "Series", "choice", SERIES),
    AttributeImport("size_cm", "Size in cm", "number"),
    AttributeImport("is_handmade", "Made by hand", "boolean"),
    AttributeImport("color", "Color", "color", COLORS, SWATCHES, is_of_variant=True),
)
# Of shelves by size, the n-th has so much: the first 15 % of the products, the last 0.1 %.
SHELF_EXPONENT = 0.95
# Sales by product: a fifth of the products make four fifths of them.
POPULARITY_EXPONENT = 1.16
MAX_POPULARITY = 1_000_000


@dataclass(frozen=True, slots=True)
class Shelf:
    """A category: its slug and title, and the slug of the one above."""

    slug: str
    title: str
    parent_slug: str


@dataclass(frozen=True, slots=True)
class SeededVariant:
    """Prices in cents; `on_hand` units are its opening stock."""

    sku: str
    title: str
    price: int
    compare_at_price: int | None
    cost: int
    weight_grams: int
    is_active: bool
    on_hand: int
    color: str


@dataclass(frozen=True, slots=True)
class SeededProduct:
    """The first variant is active; `words` are what search finds it by."""

    title: str
    slug: str
    description: str
    status: str
    shelf_slug: str
    created_at: datetime
    popularity: int
    words: str
    attributes: dict[str, Any]
    is_featured: bool
    variants: tuple[SeededVariant, ...]

    @property
    def tokens(self) -> list[str]:
        """What lists narrow it down by."""
        told = [(code, str(value).lower() if isinstance(value, bool) else str(value)) for code, value in self.told]
        return sorted({attribute_token(code, value) for code, value in told})

    @property
    def told(self) -> list[tuple[str, Any]]:
        """Each attribute of the product and of its active variants with its value."""
        return [*self.attributes.items(), *(("color", v.color) for v in self.variants if v.is_active)]

    @property
    def shown_variant(self) -> int:
        """The position of the variant that lists show: active, available, cheapest, first."""
        choices = enumerate(self.variants)
        return min((not v.is_active, v.on_hand == 0, v.price, place) for place, v in choices)[-1]


def shelves() -> list[Shelf]:
    """The categories in three levels, parents first."""
    found = []
    for department, things in DEPARTMENTS.items():
        top = _slug(department)
        found.append(Shelf(top, department, ""))
        for thing in things:
            middle = f"{top}-{_slug(thing)}"
            found.append(Shelf(middle, thing, top))
            found += [Shelf(f"{middle}-{_slug(kind)}", f"{kind} {thing}", middle) for kind in KINDS]
    return found


def attributes_of(words: list[str], number: int) -> dict[str, Any]:
    """What a product tells beside its title: the same words, a size with few common values, made by hand or not."""
    series, style, material, _ = words
    size = 5 + (number * 7919 % 13) * (number % 5 + 1)
    told = {"material": material, "style": style, "series": series, "size_cm": size}
    return told | {"is_handmade": number % HANDMADE_EVERY == 0}


def first_sku(*, seed: int, number: int) -> str:
    """The SKU of a product's first variant; in their order by bytes, products stand by number."""
    return f"S{seed}-{number:08}-0"


def products(*, seed: int, first: int, last: int) -> Iterator[SeededProduct]:
    """The products numbered from `first` up to, not including, `last`, which lie in one batch."""
    start = first - first % BATCH_SIZE
    maker = _Maker(seed=seed, batch=start // BATCH_SIZE)
    for number in range(start, last):
        product = maker.product(number)
        if number >= first:
            yield product


class _Maker:
    """Makes the products of one batch, one after the other."""

    def __init__(self, *, seed: int, batch: int) -> None:
        self.seed = seed
        self.random = Random(f"{seed}:{batch}")  # noqa: S311 - made-up goods
        self.places = [
            (f"{_slug(department)}-{_slug(thing)}-{_slug(kind)}", thing, kind)
            for department, things in DEPARTMENTS.items()
            for thing in things
            for kind in KINDS
        ]
        # Which shelf is large is the same in all batches.
        Random(seed).shuffle(self.places)  # noqa: S311
        self.shares = list(accumulate(1 / rank**SHELF_EXPONENT for rank in range(1, len(self.places) + 1)))

    def product(self, number: int) -> SeededProduct:
        rng = self.random
        ((shelf_slug, thing, kind),) = rng.choices(self.places, cum_weights=self.shares)
        words = [self._pick(SERIES), self._pick(ADJECTIVES), self._pick(MATERIALS), thing]
        title = " ".join([*words, "Set"] if kind == "Sets" else words)
        variants = tuple(self._variants(number, thing))
        return SeededProduct(
            title=title,
            slug=f"{_slug(title)}-{self.seed}-{number}",
            description=" ".join([f"{title}.", *rng.sample(SENTENCES, rng.randint(1, 4))]),
            status=self._status(),
            shelf_slug=shelf_slug,
            created_at=NEWEST_AT - timedelta(seconds=int(rng.expovariate(1 / MEAN_AGE_SECONDS))),
            popularity=min(int(rng.paretovariate(POPULARITY_EXPONENT)) - 1, MAX_POPULARITY),
            words=search_text(title=title, skus=[variant.sku for variant in variants]),
            attributes=attributes_of(words, number),
            is_featured=number % FEATURED_EVERY == 0,
            variants=variants,
        )

    def _variants(self, number: int, thing: str) -> Iterator[SeededVariant]:
        rng = self.random
        count = rng.choice(VARIANT_COUNTS)
        # What a thing costs, from 2 to 58, differs from thing to thing as much as within one.
        base = (2 + sum(map(ord, thing)) % 57) * rng.lognormvariate(0, 0.5)
        sku = first_sku(seed=self.seed, number=number)[:-1]
        colors = rng.sample(COLORS, count)
        weight_grams = int(rng.lognormvariate(6, 0.8))
        for place in range(count):
            price = max(int(base * (1 + 0.1 * place * rng.random())) * 100 + rng.choice(ENDINGS), LOWEST_PRICE)
            is_on_sale = rng.random() < ON_SALE_SHARE
            yield SeededVariant(
                sku=f"{sku}{place}",
                title=colors[place] if count > 1 else "",
                price=price,
                compare_at_price=price + int(price * rng.uniform(0.1, 0.6)) // 100 * 100 + 100 if is_on_sale else None,
                cost=int(price * rng.uniform(0.3, 0.7)),
                weight_grams=weight_grams,
                is_active=place == 0 or rng.random() >= INACTIVE_SHARE,
                on_hand=0 if rng.random() < SOLD_OUT_SHARE else 1 + int(rng.lognormvariate(3.5, 1)),
                color=colors[place],
            )

    def _status(self) -> str:
        chance = self.random.random()
        for status, share in UNLISTED.items():
            if chance < share:
                return status
            chance -= share
        return "active"

    def _pick(self, words: tuple[str, ...]) -> str:
        """One of the words; the first ones are more common."""
        return words[int(len(words) * self.random.random() ** 2)]


def _slug(text: str) -> str:
    return slug_of(text, max_length=100)
