"""The variants of a product: what is bought, at which price."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import ProtectedError

from core.errors import FieldError, Invalid
from core.transactions import in_one_transaction
from market.catalog.errors import ProductOrdered, VariantNotFound
from market.catalog.models import Variant
from market.catalog.rules import MAX_VARIANTS, AttributeRule, ToldPrice, price_problems
from market.catalog.services.attributes import checked_attributes, held_rules
from market.catalog.services.listings import refresh_listings
from market.catalog.services.locks import delete_unordered, hold_product
from market.catalog.services.prices import note_past_prices
from market.catalog.services.uniqueness import refusing_taken_values, taken


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVariant:
    """A variant to be made."""

    sku: str
    price: Decimal
    title: str = ""
    compare_at_price: Decimal | None = None
    cost: Decimal | None = None
    weight_grams: int = 0
    is_active: bool = True
    position: int = 0
    attributes: Mapping[str, Any] = field(default_factory=dict)


VARIANT_FIELDS = frozenset(NewVariant.__dataclass_fields__)


@in_one_transaction
def create_variant(*, product_id: int, variant: NewVariant) -> Variant:
    """Add a variant, without stock. Locks the product, then its listing.

    Raises ProductNotFound, and Invalid for one more than `MAX_VARIANTS`, a taken SKU, prices that contradict
    each other, or attributes that the product's type refuses.
    """
    product = hold_product(product_id=product_id)
    if product.variants.count() >= MAX_VARIANTS:
        message = f"A product has at most {MAX_VARIANTS} variants."
        raise Invalid(message, errors=[FieldError("variants", "too_many", message)])
    rules = held_rules(product_type_id=product.product_type_id)
    (made,) = insert_variants(product_id=product_id, variants=[variant], rules=rules)
    refresh_listings(product_ids=[product_id])
    return made


@in_one_transaction
def update_variant(*, product_id: int, variant_id: int, changes: Mapping[str, Any]) -> Variant:
    """Set some of the fields of a `NewVariant`; `attributes` are replaced as a whole.

    Locks the product, the variant, the listing.

    Raises ProductNotFound, VariantNotFound, and Invalid as `create_variant`.
    """
    if unknown := changes.keys() - VARIANT_FIELDS:
        raise TypeError(f"a variant has no {', '.join(sorted(unknown))} to change")
    product = hold_product(product_id=product_id)
    variant = _held_variant(product_id=product_id, variant_id=variant_id)
    before = ToldPrice(variant.price, variant.compare_at_price)
    for name, value in changes.items():
        setattr(variant, name, value)
    if "attributes" in changes:
        rules = held_rules(product_type_id=product.product_type_id)
        variant.attributes = checked_attributes(variant.attributes, rules=rules, of_variant=True)
    _refuse_prices(variant)
    with refusing_taken_values({"sku": "sku"}):
        variant.save(update_fields=[*changes.keys(), "updated_at"])
    if ToldPrice(variant.price, variant.compare_at_price).is_told_anew(before):
        note_past_prices({variant.pk: before.price})
    refresh_listings(product_ids=[product_id])
    return variant


@in_one_transaction
def delete_variant(*, product_id: int, variant_id: int) -> None:
    """Delete a variant that was never ordered, with its stock and ledger.

    Raises ProductNotFound, VariantNotFound, ProductOrdered.
    """
    hold_product(product_id=product_id)
    # Not locked here: whoever sells its last unit takes the stock before the variant.
    variant = Variant.objects.filter(pk=variant_id, product_id=product_id)
    if not variant.exists():
        raise VariantNotFound
    try:
        delete_unordered(variant)
    except ProtectedError as error:
        raise ProductOrdered("The variant was ordered; make it inactive instead.") from error
    refresh_listings(product_ids=[product_id])


def insert_variants(
    *, product_id: int, variants: Sequence[NewVariant], rules: Sequence[AttributeRule], prefix: str = ""
) -> list[Variant]:
    """Write new variants of a product that the caller holds and whose listing it refreshes.

    Two statements. `rules` are those of the product's type; `prefix` begins the field names in refusals,
    before the variant's place. Raises Invalid as `create_variant`.
    """
    places = [f"{prefix}{place}." if prefix else "" for place in range(len(variants))]
    skus = [variant.sku for variant in variants]
    known = set(Variant.objects.filter(sku__in=skus).values_list("sku", flat=True))
    repeated = [f"{place}sku" for i, place in enumerate(places) if skus[i] in known or skus[i] in skus[:i]]
    if repeated:
        raise taken(repeated)
    made = [Variant(product_id=product_id, **asdict(variant)) for variant in variants]
    for place, variant in zip(places, made, strict=True):
        _refuse_prices(variant, prefix=place)
        variant.attributes = checked_attributes(variant.attributes, rules=rules, of_variant=True, prefix=place)
    with refusing_taken_values({"sku": f"{prefix}sku"}):
        return Variant.objects.bulk_create(made)


def _refuse_prices(variant: Variant, *, prefix: str = "") -> None:
    problems = price_problems(price=variant.price, compare_at_price=variant.compare_at_price, cost=variant.cost)
    if problems:
        fields = [FieldError(prefix + problem.field, problem.code, problem.message) for problem in problems]
        raise Invalid("The prices of the variant cannot be used.", errors=fields)


def _held_variant(*, product_id: int, variant_id: int) -> Variant:
    variant = Variant.objects.select_for_update(no_key=True).filter(pk=variant_id, product_id=product_id).first()
    if variant is None:
        raise VariantNotFound
    return variant
