"""Which of its variants a product is shown with."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol, TypeVar


class Shown(Protocol):
    """What decides about a variant."""

    pk: int
    is_active: bool
    in_stock: bool
    price: Decimal
    position: int


AnyShown = TypeVar("AnyShown", bound=Shown)


def shown_variant(variants: Iterable[AnyShown]) -> AnyShown | None:
    """The active, available, cheapest one, None of none. The statement that fills listings is held against it."""

    def place(one: AnyShown) -> tuple:
        return not one.is_active, not one.in_stock, one.price, one.position, one.pk

    return min(variants, key=place, default=None)
