"""What a search answers, whichever engine stands behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from market.catalog.adapters.search.words import Term
from market.catalog.rules import WORD, search_words

# So many of the products that match are ranked, narrowed and counted; in a shop of many products half as
# many, as each lies on a page of its own.
MAX_CANDIDATES = 1_000
MAX_CANDIDATES_OF_MANY = 500
MANY_PRODUCTS = 100_000
SNIPPET_LETTERS = 160
LETTERS_BEFORE = 60


class EngineAway(Exception):
    """A search engine of its own did not take what it was sent."""


@dataclass(frozen=True, slots=True)
class Found:
    """The products that match, the best first: by rank, then by popularity, then the newest.

    `places` are (rank, popularity, product id) of each. `is_exact` is false when more match than
    were looked at.
    """

    places: Sequence[tuple[float, int, int]] = ()
    is_exact: bool = True

    @property
    def product_ids(self) -> list[int]:
        return [product_id for _, _, product_id in self.places]


def most_candidates(products: int) -> int:
    """How many matches a search looks at in a shop of so many listed products."""
    return MAX_CANDIDATES if products <= MANY_PRODUCTS else MAX_CANDIDATES_OF_MANY


def highlighted(text: str, terms: Sequence[Term]) -> str:
    """A text as HTML in which what was searched stands in `<mark>`; everything else is escaped."""
    parts, end = [], 0
    for match in WORD.finditer(text):
        if _is_meant(match[0], terms):
            parts += [escape(text[end : match.start()]), f"<mark>{escape(match[0])}</mark>"]
            end = match.end()
    return "".join([*parts, escape(text[end:])])


def snippet(text: str, terms: Sequence[Term]) -> str:
    """The part of a text around the first word that was searched, `highlighted`; empty when none is in it."""
    first = next((match.start() for match in WORD.finditer(text) if _is_meant(match[0], terms)), None)
    if first is None:
        return ""
    start = 0
    if first > LETTERS_BEFORE:
        start = (text.find(" ", first - LETTERS_BEFORE, first) + 1) or first - LETTERS_BEFORE
    end = len(text)
    if end - start > SNIPPET_LETTERS:
        space = text.rfind(" ", first, start + SNIPPET_LETTERS)
        end = space if space > first else start + SNIPPET_LETTERS
    return ("…" if start else "") + highlighted(text[start:end], terms) + ("…" if end < len(text) else "")


def _is_meant(word: str, terms: Sequence[Term]) -> bool:
    return any(term.covers(plain) for plain in search_words(word) for term in terms)
