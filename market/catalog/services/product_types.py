"""What kinds of products there are, and what each kind tells."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import Q

from core.errors import FieldError, Invalid
from core.guards import guard_enabled
from core.transactions import in_one_transaction
from market.catalog.errors import AttributeInUse, AttributeNotFound, ProductTypeInUse, ProductTypeNotFound
from market.catalog.models import TITLE_LENGTH, Attribute, Product, ProductType
from market.catalog.rules import attribute_definition_problems, free_slug, slug_of
from market.catalog.services.uniqueness import refusing_taken_values

TYPE_FIELDS = frozenset({"title", "slug"})
ATTRIBUTE_FIELDS = frozenset({"title", "choices", "swatches", "position"})
NAMED_IN_REFUSAL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttribute:
    """An attribute to be made."""

    code: str
    title: str
    kind: str
    choices: Sequence[str] = ()
    swatches: Mapping[str, str] = field(default_factory=dict)
    is_of_variant: bool = False
    is_filterable: bool = True
    position: int = 0


@in_one_transaction
def create_product_type(*, title: str, slug: str = "") -> ProductType:
    """Add a kind of product, as yet without attributes. Raises Invalid for a slug that is taken."""
    wanted = slug_of(title, max_length=TITLE_LENGTH) or "type"
    alike = ProductType.objects.filter(slug__startswith=wanted[: TITLE_LENGTH - 8]).values_list("slug", flat=True)
    with refusing_taken_values({"slug": "slug"}):
        return ProductType.objects.create(
            title=title, slug=slug or free_slug(wanted, taken=alike, max_length=TITLE_LENGTH)
        )


@in_one_transaction
def update_product_type(*, product_type_id: int, changes: Mapping[str, Any]) -> ProductType:
    """Set title or slug. Raises ProductTypeNotFound, and Invalid for a slug that is taken."""
    if unknown := changes.keys() - TYPE_FIELDS:
        raise TypeError(f"a product type has no {', '.join(sorted(unknown))} to change")
    product_type = _held_type(product_type_id=product_type_id)
    for name, value in changes.items():
        setattr(product_type, name, value)
    with refusing_taken_values({"slug": "slug"}):
        product_type.save(update_fields=[*changes.keys(), "updated_at"])
    return product_type


@in_one_transaction
def delete_product_type(*, product_type_id: int) -> None:
    """Delete a type that no product is of. Raises ProductTypeNotFound, ProductTypeInUse."""
    product_type = _held_type(product_type_id=product_type_id)
    users = _named(Product.objects.filter(product_type_id=product_type_id))
    if users:
        names = ", ".join(row["title"] for row in users)
        raise ProductTypeInUse(f"There are products of this type: {names}.", extra={"products": users})
    product_type.delete()


@in_one_transaction
def create_attribute(*, product_type_id: int, attribute: NewAttribute) -> Attribute:
    """Add an attribute to a type. Raises ProductTypeNotFound, and Invalid for what it cannot be."""
    _held_type(product_type_id=product_type_id)
    values = asdict(attribute) | {"choices": list(attribute.choices), "swatches": dict(attribute.swatches)}
    made = Attribute(product_type_id=product_type_id, **values)
    _refuse_definition(made)
    if Attribute.objects.filter(product_type_id=product_type_id, code=made.code).exists():
        message = "The type has such an attribute already."
        raise Invalid(message, errors=[FieldError("code", "unique", message)])
    made.save()
    return made


@in_one_transaction
def update_attribute(*, product_type_id: int, attribute_id: int, changes: Mapping[str, Any]) -> Attribute:
    """Set some of title, choices, swatches and position; the rest says how stored values are read, and stays.

    Raises ProductTypeNotFound, AttributeNotFound, Invalid, and AttributeInUse when a choice goes that a
    product has.
    """
    if unknown := changes.keys() - ATTRIBUTE_FIELDS:
        raise TypeError(f"an attribute has no {', '.join(sorted(unknown))} to change")
    _held_type(product_type_id=product_type_id)
    attribute = _attribute(product_type_id=product_type_id, attribute_id=attribute_id)
    gone = set(attribute.choices) - set(changes.get("choices", attribute.choices))
    for name, value in changes.items():
        setattr(attribute, name, value)
    _refuse_definition(attribute)
    for choice in sorted(gone):
        _refuse_used(attribute, f"{attribute.code} {choice}", {"attributes__contains": {attribute.code: choice}})
    attribute.save(update_fields=[*changes.keys(), "updated_at"])
    return attribute


@in_one_transaction
def delete_attribute(*, product_type_id: int, attribute_id: int) -> None:
    """Delete an attribute that nothing tells. Raises ProductTypeNotFound, AttributeNotFound, AttributeInUse."""
    _held_type(product_type_id=product_type_id)
    attribute = _attribute(product_type_id=product_type_id, attribute_id=attribute_id)
    _refuse_used(attribute, attribute.code, {"attributes__has_key": attribute.code})
    attribute.delete()


def _held_type(*, product_type_id: int) -> ProductType:
    """The type, locked against products that are just held against it (`services.attributes.held_rules`)."""
    types = ProductType.objects.filter(pk=product_type_id)
    product_type = (types.select_for_update() if guard_enabled("product_type_lock") else types).first()
    if product_type is None:
        raise ProductTypeNotFound
    return product_type


def _attribute(*, product_type_id: int, attribute_id: int) -> Attribute:
    attribute = Attribute.objects.filter(pk=attribute_id, product_type_id=product_type_id).first()
    if attribute is None:
        raise AttributeNotFound
    return attribute


def _refuse_definition(attribute: Attribute) -> None:
    problems = attribute_definition_problems(
        code=attribute.code, kind=attribute.kind, choices=attribute.choices, swatches=attribute.swatches
    )
    if problems:
        raise Invalid("The attribute cannot be used.", errors=problems)


def _refuse_used(attribute: Attribute, what: str, told: Mapping[str, Any]) -> None:
    products = Product.objects.filter(product_type_id=attribute.product_type_id)
    if attribute.is_of_variant:
        of_variants = {f"variants__{lookup}": value for lookup, value in told.items()}
        users = _named(products.filter(Q(**of_variants)).distinct())
    else:
        users = _named(products.filter(**told))
    if users:
        names = ", ".join(row["title"] for row in users)
        raise AttributeInUse(f"{what} is told by: {names}.", extra={"products": users})


def _named(products: Any) -> list[dict[str, Any]]:
    return list(products.order_by("pk").values("id", "title")[:NAMED_IN_REFUSAL])
