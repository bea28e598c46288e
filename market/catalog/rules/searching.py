"""Words to search by, slugs, and what counts in facets."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from market.catalog.rules.prices import price_band

WORD = re.compile(r"[^\W_]+")
LONGEST_WORD = 64
MAX_WORDS_OF_TEXT = 3000


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


def facets_of(listing: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The facets that count a listed product, as kind and value."""
    found = [
        ("product", ""),
        ("in_stock", "true" if listing["in_stock"] else "false"),
        ("price", str(price_band(listing["price"]))),
        *(("attribute", token) for token in set(listing["attribute_tokens"])),
    ]
    return found if listing["rating"] is None else [*found, ("rating", str(int(listing["rating"])))]
