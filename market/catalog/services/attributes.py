"""What products and variants may tell about themselves, held against their type."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from core.errors import FieldError, Invalid
from market.catalog import sql
from market.catalog.models import Attribute
from market.catalog.rules import AttributeRule, attribute_values

REFUSED = "The attributes cannot be used."


def held_rules(*, product_type_id: int | None) -> list[AttributeRule]:
    """What the products of a type may tell; the type's attributes stay as they are until the transaction ends.

    Two statements. Raises Invalid for an unknown type.
    """
    if product_type_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql.HOLD_PRODUCT_TYPE, {"product_type_id": product_type_id})
        if cursor.fetchone() is None:
            message = "There is no such product type."
            raise Invalid(message, errors=[FieldError("product_type", "unknown", message)])
    columns = ("code", "kind", "choices", "is_of_variant")
    attributes = Attribute.objects.filter(product_type_id=product_type_id).order_by("pk")
    return [AttributeRule(**row) for row in attributes.values(*columns)]


def checked_attributes(
    values: Mapping[str, Any], *, rules: Sequence[AttributeRule], of_variant: bool, prefix: str = ""
) -> dict[str, Any]:
    """The values as they are stored. Raises Invalid naming each that the type refuses, after `prefix`."""
    clean, problems = attribute_values(values, rules=rules, of_variant=of_variant)
    if problems:
        fields = [FieldError(prefix + problem.field, problem.code, problem.message) for problem in problems]
        raise Invalid(REFUSED, errors=fields)
    return clean
