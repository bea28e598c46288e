"""Search by PostgreSQL's full text index."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

from django.db import connection

from market.catalog import sql
from market.catalog.adapters.search.results import Found
from market.catalog.adapters.search.words import Term
from market.catalog.models import SEARCH_TIERS
from market.catalog.rules import shelf_word

# Of a word in the description, a category, a SKU or attribute, a title.
WEIGHTS = [0.05, 0.2, 0.5, 1.0]
TIERS = len(SEARCH_TIERS) + 1
# Of the 100,000 most popular products.
POPULAR_TIERS = SEARCH_TIERS.index(100_000) + 1


class Engine:
    """Matches within the database, by the words that the vocabulary widens a query to."""

    is_current = True

    def find(
        self,
        *,
        text: str,
        terms: Sequence[Term],
        category_ids: Collection[int] | None,
        limit: int,
        among_popular: bool = False,
    ) -> Found:
        """The listed products that match every term and lie in one of the categories: one statement."""
        meant = [_alternatives(term) for term in terms]
        wanted = list(meant)
        if category_ids is not None:
            wanted.append([_quoted(shelf_word(category_id)) for category_id in category_ids])
        # What has few alternatives is found quickly, and tells where to look for the others.
        wanted.sort(key=len)
        values = {f"condition_{number}": " | ".join(alternatives) for number, alternatives in enumerate(wanted)}
        values |= {
            "typed": " & ".join(_quoted(term.typed) for term in terms),
            "meant": " | ".join(chain.from_iterable(meant)),
            "weights": WEIGHTS,
            "limit": limit + 1,
        }
        with connection.cursor() as cursor:
            cursor.execute(
                search_statement(conditions=len(wanted), tiers=POPULAR_TIERS if among_popular else TIERS), values
            )
            ids, ranks, popularities = cursor.fetchone()
        places = list(zip(ranks or (), popularities or (), ids or (), strict=True))
        return Found(places[:limit], is_exact=len(places) <= limit)

    def ensure_index(self) -> None:
        """Migrations made it."""

    def push(self, documents: Iterable[tuple[int, int, Mapping[str, Any] | None]]) -> set[int]:
        """Every document is here already: it came with the commit that changed the product."""
        return {product_id for product_id, _, _ in documents}


@cache
def search_statement(*, conditions: int, tiers: int) -> str:
    """The search by so many conditions in the first tiers."""
    texts = " AND ".join(sql.SEARCH_CONDITION.format(number=number) for number in range(conditions))
    of_tiers = (sql.SEARCH_TIER.format(tier=tier, conditions=texts) for tier in range(tiers))
    return sql.SEARCH.format(tiers=" UNION ALL ".join(of_tiers))


def _alternatives(term: Term) -> list[str]:
    lexemes = [_quoted(word) for word in term.words]
    if term.is_prefix:
        lexemes.append(f"{_quoted(term.typed)}:*")
    return [*lexemes, *(_quoted(shelf_word(shelf)) for shelf in term.shelves)]


def _quoted(word: str) -> str:
    """A word as a lexeme. Words are letters and digits (or an @ before digits): nothing has to be escaped."""
    return f"'{word}'"
