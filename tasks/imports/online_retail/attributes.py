"""What titles say about color, material and size of a set, as attributes; and collections by them."""

import re
from collections.abc import Mapping
from typing import Any

from market.catalog.services.imports import AttributeImport, CollectionImport
from tasks.imports.online_retail.titles import words_of

PRODUCT_TYPE = "giftware"
SWATCHES = {
    "red": "#c1272d",
    "pink": "#e98fa9",
    "blue": "#3a66a8",
    "green": "#4d8b57",
    "white": "#ffffff",
    "black": "#1c1c1e",
    "ivory": "#f4efdf",
    "cream": "#f5e9c8",
    "silver": "#c0c0c0",
    "gold": "#c9a227",
    "purple": "#6d4a8d",
    "yellow": "#e8c547",
    "orange": "#dd8033",
    "brown": "#7a5237",
    "grey": "#8a8d91",
    "turquoise": "#3aa6a0",
    "amber": "#d68a1f",
    "lilac": "#b79bcb",
}
# Words that name a material.
MATERIALS = {
    "wood": "wood",
    "wooden": "wood",
    "glass": "glass",
    "metal": "metal",
    "tin": "metal",
    "zinc": "metal",
    "ceramic": "ceramic",
    "porcelain": "ceramic",
    "enamel": "enamel",
    "paper": "paper",
    "cotton": "cotton",
    "felt": "felt",
    "wicker": "wicker",
    "willow": "wicker",
    "rattan": "wicker",
    "slate": "slate",
    "jute": "jute",
}
SET_OF = re.compile(r"\b(?:set|pack|box)(?: of)? ?(\d{1,3})\b|\b(\d{1,3}) ?(?:pc|piece)\b", re.IGNORECASE)
ATTRIBUTES = (
    AttributeImport("color", "Color", "color", tuple(SWATCHES), SWATCHES, is_of_variant=True),
    AttributeImport("material", "Material", "choice", tuple(dict.fromkeys(MATERIALS.values()))),
    AttributeImport("set_of", "Pieces in a set", "number"),
)
COLLECTIONS = (
    CollectionImport("under-5-pounds", "Under 5 pounds", {"max_price": "4.99", "in_stock": True}),
    CollectionImport("glass-and-ceramic", "Glass and ceramic", {"attributes": {"material": ["glass", "ceramic"]}}),
)


def attributes_of(title: str) -> dict[str, Any]:
    """What a product's title tells: the first material that it names, and how many pieces it has."""
    materials = [MATERIALS[word] for word in words_of(title) if word in MATERIALS]
    pieces = SET_OF.search(title)
    told: dict[str, Any] = {"material": materials[0]} if materials else {}
    return told | ({"set_of": int(pieces[1] or pieces[2])} if pieces else {})


def attributes_of_variant(title: str, *, of_product: str) -> Mapping[str, Any]:
    """The color that a variant's title names first, else that of its product."""
    colors = [word for word in (*words_of(title), *words_of(of_product)) if word in SWATCHES]
    return {"color": colors[0]} if colors else {}
