"""Search by PostgreSQL's full text index."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from market.catalog import sql
from market.catalog.adapters.search.results import Found
from market.catalog.adapters.search.words import Term
from market.catalog.rules import shelf_word

# Of a word in the description, a category, a SKU or attribute, a title.
WEIGHTS = [0.05, 0.2, 0.5, 1.0]


class Engine:
    """Matches within the database, by the words that the vocabulary widens a query to."""

    is_current = True

    def find(self, *, text: str, terms: Sequence[Term], category_ids: Collection[int] | None, limit: int) -> Found:
        """The listed products that match every term and lie in one of the categories: one statement."""
        meant = [_alternatives(term) for term in terms]
        conditions = list(meant)
        if category_ids is not None:
            conditions.append(_any_of(shelf_word(category_id) for category_id in category_ids))
        values = {
            "query": " & ".join(f"({condition})" for condition in conditions),
            "typed": " & ".join(_quoted(term.typed) for term in terms),
            "meant": " | ".join(meant),
            "weights": WEIGHTS,
            "limit": limit + 1,
        }
        with connection.cursor() as cursor:
            cursor.execute(sql.SEARCH, values)
            ids, ranks, popularities = cursor.fetchone()
        places = list(zip(ranks or (), popularities or (), ids or (), strict=True))
        return Found(places[:limit], is_exact=len(places) <= limit)

    def ensure_index(self) -> None:
        """Migrations made it."""

    def push(self, documents: Iterable[tuple[int, int, Mapping[str, Any] | None]]) -> set[int]:
        """Every document is here already: it came with the commit that changed the product."""
        return {product_id for product_id, _, _ in documents}


def _alternatives(term: Term) -> str:
    lexemes = [_quoted(word) for word in term.words]
    if term.is_prefix:
        lexemes.append(f"{_quoted(term.typed)}:*")
    return " | ".join([*lexemes, *(_quoted(shelf_word(shelf)) for shelf in term.shelves)])


def _any_of(words: Iterable[str]) -> str:
    return " | ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """A word as a lexeme. Words are letters and digits (or an @ before digits): nothing has to be escaped."""
    return f"'{word}'"
