"""A promotion as one row of fields, as clients and forms write it: goods are fields of their own."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from market.pricing.rules.documents import promotion_to_json
from market.pricing.rules.promotions import Goods, PromotionInput, Threshold

OF_COLUMNS = ("id", "version", "label")
# Where a refusal of goods as a whole is told.
_WHOLE = {"goods": "products", "get_goods": "get_products"}
# Which part of which goods each flat field is.
GOODS = {name: ("goods", name) for name in ("products", "collections", "categories", "attributes")}
GOODS |= {f"get_{name}": ("get_goods", name) for _, name in GOODS.values()}
PLAIN = tuple(part.name for part in fields(PromotionInput) if part.name not in {*OF_COLUMNS, *_WHOLE})
FLAT_FIELDS = (*PLAIN, *GOODS)


def flat_from_promotion(promotion: PromotionInput) -> dict[str, Any]:
    """Every rule of a promotion by its flat name."""
    goods = {"goods": promotion.goods, "get_goods": promotion.get_goods or Goods()}
    flat = {name: getattr(promotion, name) for name in PLAIN}
    return flat | {name: getattr(goods[whole], part) for name, (whole, part) in GOODS.items()}


def rules_from_flat(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The document of the rules that the flat fields tell; what is not among them, or None, is as by default.

    Values are those of `PromotionInput`, lists for tuples, and mappings for thresholds. What they say is judged when
    the document is read.
    """
    given = {name: _of_rules(name, flat[name]) for name in PLAIN if flat.get(name) is not None}
    parts: dict[str, dict[str, Any]] = {"goods": {}, "get_goods": {}}
    for name, (whole, part) in GOODS.items():
        parts[whole][part] = tuple(flat.get(name) or ())
    goods, get_goods = Goods(**parts["goods"]), Goods(**parts["get_goods"])
    return promotion_to_json(
        PromotionInput(id=0, goods=goods, get_goods=None if get_goods.is_everything else get_goods, **given)
    )


def flat_names(place: str) -> Iterator[str]:
    """The flat fields that a refusal of `rules.` and a place in them is about."""
    for name in place.removeprefix("rules.").split(", "):
        whole, _, rest = name.partition(".")
        if whole not in _WHOLE:
            # A problem of the steps names a part of one after a space.
            yield name.partition(" ")[0]
        elif rest:
            yield rest if whole == "goods" else f"get_{rest}"
        else:
            yield _WHOLE[whole]


def _of_rules(name: str, value: Any) -> Any:
    if name == "thresholds":
        return tuple(Threshold(**step) if isinstance(step, Mapping) else step for step in value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        # One moment is written in one way, in whatever zone it was given.
        return value.astimezone(UTC)
    return tuple(value) if isinstance(value, list) else value
