"""What the catalog computes without a database: words to search by, slugs, prices, the tree."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from core.errors import FieldError
from core.money import round_money

HIGHEST_PRICE = Decimal("99999999.99")
MAX_ATTRIBUTE_TEXT = 200
MAX_ATTRIBUTE_NUMBER = 10**9
ATTRIBUTE_PLACES = 4
ATTRIBUTE_CODE = re.compile(r"[a-z][a-z0-9_]{0,49}")
SWATCH = re.compile(r"#[0-9a-f]{6}")
SLUG = re.compile(r"[-a-zA-Z0-9_]{1,200}")
AMOUNT = re.compile(r"\d{1,8}(\.\d{1,2})?", re.ASCII)
MAX_DAYS = 3650
MAX_RULE_VALUES = 20
# What one product may have: its page shows all of them.
MAX_VARIANTS = 100
MAX_IMAGES = 100
# The tree is answered nested, and JSON is nested only so deep.
MAX_CATEGORY_LEVELS = 20
WORD = re.compile(r"[^\W_]+")
LONGEST_WORD = 64
MAX_WORDS_OF_TEXT = 3000
# The bands begin at these prices.
PRICE_BANDS = tuple(map(Decimal, ("0.00", "5.00", "10.00", "20.00", "50.00", "100.00", "200.00", "500.00")))
# The sizes of a picture, each within a square of so many pixels.
IMAGE_SIZES = {"small": 160, "thumbnail": 320, "large": 960}


def search_words(text: str) -> list[str]:
    """The words of a text as search compares them: lower-case letters and digits, in their order."""
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def search_text(*, title: str, skus: Iterable[str]) -> str:
    """What a product is found by: the words of its title and of its SKUs."""
    return " ".join(search_words(" ".join([title, *skus])))


def search_document(
    *, title: str, skus: Iterable[str], attributes: Iterable[str], category_id: int | None, description: str
) -> str:
    """What a product is found by, as a PostgreSQL tsvector: each word with its places and their weights.

    The title weighs A, SKUs and attributes B, the category C, the description D. The category is
    there by its id: a word of a query that is its name looks for that, so that a category can be
    renamed without touching its products.
    """
    places: dict[str, list[str]] = {}
    place = 0
    for weight, text in (("A", title), ("B", " ".join([*skus, *attributes])), ("D", description)):
        for word in search_words(text)[:MAX_WORDS_OF_TEXT]:
            place += 1
            places.setdefault(word[:LONGEST_WORD], []).append(f"{place}{weight}")
    if category_id is not None:
        places[shelf_word(category_id)] = [f"{place + 1}C"]
    return " ".join(f"'{word}':{','.join(found)}" for word, found in places.items())


def shelf_word(category_id: int) -> str:
    """The word of a document that stands for its category; nobody can type it."""
    return f"@{category_id}"


def vocabulary_words(*texts: str) -> set[str]:
    """The words of some texts that have a letter, which typing may get wrong."""
    words = {word[:LONGEST_WORD] for text in texts for word in search_words(text)[:MAX_WORDS_OF_TEXT]}
    return {word for word in words if not word.isdigit()}


def search_query(text: str) -> str | None:
    """A PostgreSQL text search query: each word of `text` begins a word of the product. None without words."""
    return " & ".join(f"{word}:*" for word in search_words(text)) or None


def slug_of(title: str, *, max_length: int) -> str:
    """Letters, digits and hyphens that stand for a title in URLs; may be empty."""
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return "-".join(WORD.findall(ascii_title.lower()))[:max_length].strip("-")


def free_slug(wanted: str, *, taken: Iterable[str], max_length: int) -> str:
    """`wanted`, or it with the first number from 2 that makes it differ from all the `taken`."""
    taken = set(taken)
    slug, number = wanted, 1
    while slug in taken:
        number += 1
        suffix = f"-{number}"
        slug = wanted[: max_length - len(suffix)] + suffix
    return slug


def price_problems(*, price: Decimal, compare_at_price: Decimal | None, cost: Decimal | None) -> list[FieldError]:
    """What is wrong with the prices of a variant, field by field."""
    problems = [
        FieldError(field, "min_value", "Give an amount of zero or more.")
        for field, amount in (("price", price), ("cost", cost))
        if amount is not None and amount < 0
    ]
    if compare_at_price is not None and compare_at_price < price:
        problems.append(FieldError("compare_at_price", "below_price", "Give no less than the price."))
    return problems


@dataclass(frozen=True, slots=True)
class ToldPrice:
    """A price, and the higher one that is struck through beside it, if any."""

    price: Decimal
    compare_at_price: Decimal | None

    def is_told_anew(self, before: "ToldPrice") -> bool:
        """Whether the price differs, or more is struck through beside it than before: another reduction."""
        if self.price != before.price:
            return True
        return (self.compare_at_price or self.price) > (before.compare_at_price or before.price)


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """What may be told under one code: `kind` is text, number, boolean, choice or color."""

    code: str
    kind: str
    choices: Sequence[str] = ()
    is_of_variant: bool = False


def attribute_values(
    values: Mapping[str, Any], *, rules: Iterable[AttributeRule], of_variant: bool
) -> tuple[dict[str, Any], list[FieldError]]:
    """The values as they are stored, and what is wrong with them; a null is left out.

    Only what the product's type knows may be told, and only where it belongs: by the product or by its variants.
    """
    known = {rule.code: rule for rule in rules if rule.is_of_variant == of_variant}
    clean, problems = {}, []
    for code, value in values.items():
        if code not in known:
            whose = "its variants" if of_variant else "this product"
            problems.append(FieldError(f"attributes.{code}", "unknown", f"The type has no such attribute of {whose}."))
        elif value is not None:
            problem = _attribute_problem(known[code], value)
            if problem:
                problems.append(FieldError(f"attributes.{code}", *problem))
            else:
                clean[code] = _plain_number(value) if known[code].kind == "number" else value
    return clean, problems


def attribute_definition_problems(
    *, code: str, kind: str, choices: Sequence[str], swatches: Mapping[str, str]
) -> list[FieldError]:
    """What is wrong with an attribute itself, field by field."""
    problems = []
    if not ATTRIBUTE_CODE.fullmatch(code):
        message = "Give lower-case letters, digits and underscores, a letter first."
        problems.append(FieldError("code", "invalid", message))
    if kind in {"choice", "color"} and not choices:
        problems.append(FieldError("choices", "empty", "Give at least one choice."))
    if kind not in {"choice", "color"} and choices:
        problems.append(FieldError("choices", "not_allowed", "Only choice and color have choices."))
    if len(set(choices)) < len(choices) or any(not choice or choice != choice.strip() for choice in choices):
        problems.append(FieldError("choices", "invalid", "Give each choice once, without spaces around it."))
    wanted = set(choices) if kind == "color" else set()
    if set(swatches) != wanted or not all(isinstance(s, str) and SWATCH.fullmatch(s) for s in swatches.values()):
        problems.append(FieldError("swatches", "invalid", "Give #rrggbb for each choice of a color, and else nothing."))
    return problems


def attribute_token(code: str, value: str) -> str:
    """What a listing holds for an attribute's value, as text: no code has an equals sign."""
    return f"{code}={value}"


def _attribute_problem(rule: AttributeRule, value: Any) -> tuple[str, str] | None:
    match rule.kind:
        case "boolean":
            return None if isinstance(value, bool) else ("invalid", "Give true or false.")
        case "number":
            return _number_problem(value)
        case "text":
            is_text = isinstance(value, str) and value == value.strip() and 0 < len(value) <= MAX_ATTRIBUTE_TEXT
            return None if is_text else ("invalid", f"Give a text of 1 to {MAX_ATTRIBUTE_TEXT} characters.")
        case _:
            is_choice = isinstance(value, str) and value in rule.choices
            return None if is_choice else ("unknown", f"Give one of: {', '.join(rule.choices)}.")


def _number_problem(value: Any) -> tuple[str, str] | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return "invalid", "Give a number."
    if not -MAX_ATTRIBUTE_NUMBER <= value <= MAX_ATTRIBUTE_NUMBER:
        return "out_of_range", f"Give a number between -{MAX_ATTRIBUTE_NUMBER} and {MAX_ATTRIBUTE_NUMBER}."
    if round(Decimal(str(value)), ATTRIBUTE_PLACES) != Decimal(str(value)):
        return "too_precise", f"Give at most {ATTRIBUTE_PLACES} decimal places."
    return None


def _plain_number(value: int | float | Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)


def collection_conditions(rules: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldError]]:
    """The conditions of a collection as they are stored, and what is wrong with them, field by field.

    A product belongs to it when it meets all of them: `category` (a slug, with what lies below it), `min_price`
    and `max_price` (amounts), `min_rating`, `on_sale`, `featured`, `in_stock`, `newer_than_days`, and
    `attributes`, of each of which it has one of the values.
    """
    problems = []
    for name, value in rules.items():
        problem = COLLECTION_RULES[name](value) if name in COLLECTION_RULES else "There is no such rule."
        if problem:
            problems.append(FieldError(f"rules.{name}", "invalid" if name in COLLECTION_RULES else "unknown", problem))
    has_bounds = not problems and {"min_price", "max_price"} <= rules.keys()
    if has_bounds and Decimal(rules["min_price"]) > Decimal(rules["max_price"]):
        problems.append(FieldError("rules.min_price", "above_max_price", "Give no more than max_price."))
    if not rules:
        problems.append(FieldError("rules", "empty", "Give at least one rule."))
    return dict(rules), problems


def _flag_problem(value: Any) -> str | None:
    return None if isinstance(value, bool) else "Give true or false."


def _slug_problem(value: Any) -> str | None:
    return None if isinstance(value, str) and SLUG.fullmatch(value) else "Give the slug of a category."


def _amount_problem(value: Any) -> str | None:
    is_amount = isinstance(value, str) and AMOUNT.fullmatch(value)
    return None if is_amount else 'Give an amount as text, such as "12.50".'


def _stars_problem(value: Any) -> str | None:
    is_stars = isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= 5
    return None if is_stars else "Give a number from 1 to 5."


def _days_problem(value: Any) -> str | None:
    is_days = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_DAYS
    return None if is_days else f"Give a whole number from 1 to {MAX_DAYS}."


def _choices_problem(value: Any) -> str | None:
    if not isinstance(value, dict) or not 0 < len(value) <= MAX_RULE_VALUES:
        return f"Give 1 to {MAX_RULE_VALUES} attributes by their codes."
    for code, wanted in value.items():
        if not (ATTRIBUTE_CODE.fullmatch(code) and isinstance(wanted, list) and 0 < len(wanted) <= MAX_RULE_VALUES):
            return f"Give 1 to {MAX_RULE_VALUES} values of {code} as a list."
        if not all(isinstance(one, str) and 0 < len(one) <= MAX_ATTRIBUTE_TEXT for one in wanted):
            return f"Give the values of {code} as texts."
    return None


COLLECTION_RULES = {
    "category": _slug_problem,
    "min_price": _amount_problem,
    "max_price": _amount_problem,
    "min_rating": _stars_problem,
    "on_sale": _flag_problem,
    "featured": _flag_problem,
    "in_stock": _flag_problem,
    "newer_than_days": _days_problem,
    "attributes": _choices_problem,
}


def repriced(price: Decimal, *, percent: Decimal) -> Decimal:
    """The price changed by so many percent (10 raises by a tenth, -10 lowers by one), to the cent."""
    return round_money(price * (100 + percent) / 100)


def thumbnail_name(name: str) -> str:
    """Where the small rendition of a stored image lies: beside it."""
    return rendition_name(name, "thumbnail")


def rendition_name(name: str, size: str, suffix: str | None = None) -> str:
    """Where a smaller size of a stored image lies, by default in its own format: beside it."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}-{size}{suffix or path.suffix}"))


def image_files(name: str) -> list[str]:
    """Every file of a stored image: itself, and what is drawn of it at once or in the background."""
    return [name, *(rendition_name(name, size, suffix) for size in IMAGE_SIZES for suffix in (None, ".webp"))]


def category_tree(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows with `id` and `parent` nested by `children`, in the order given.

    A row whose parent is not among the rows is left out with all that lies below it.
    """
    nodes = {row["id"]: {**row, "children": []} for row in rows}
    roots = []
    for node in nodes.values():
        if node["parent"] is None:
            roots.append(node)
        elif node["parent"] in nodes:
            nodes[node["parent"]]["children"].append(node)
    return roots


def walk_tree(nodes: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each node of a tree, parents before their children."""
    for node in nodes:
        yield node
        yield from walk_tree(node["children"])


def category_level(category_id: int | None, *, parents: Mapping[int, int | None]) -> int:
    """How many categories lie from the top to this one, itself included; 0 for none."""
    level = 0
    while category_id is not None:
        category_id, level = parents[category_id], level + 1
    return level


def branch_levels(category_id: int, *, parents: Mapping[int, int | None]) -> int:
    """How many levels a category is with all that lies below it."""
    levels, lowest = 0, {category_id}
    while lowest:
        levels, lowest = levels + 1, {child for child, parent in parents.items() if parent in lowest}
    return levels


def without_children(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node of a tree by itself."""
    return {name: value for name, value in node.items() if name != "children"}


def price_band(price: Decimal) -> int:
    """The place of the band of `PRICE_BANDS` that a price lies in."""
    return bisect_right(PRICE_BANDS, price) - 1


def band_bounds(band: int) -> tuple[Decimal, Decimal | None]:
    """The lowest and the highest price of a band, both included; the last one has no highest."""
    is_last = band + 1 == len(PRICE_BANDS)
    return PRICE_BANDS[band], None if is_last else PRICE_BANDS[band + 1] - Decimal("0.01")


def facets_of(listing: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The facets that count a listed product, as kind and value."""
    found = [
        ("product", ""),
        ("in_stock", "true" if listing["in_stock"] else "false"),
        ("price", str(price_band(listing["price"]))),
        *(("attribute", token) for token in set(listing["attribute_tokens"])),
    ]
    return found if listing["rating"] is None else [*found, ("rating", str(int(listing["rating"])))]
