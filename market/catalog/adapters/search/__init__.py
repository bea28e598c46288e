"""Search: one function, behind which one engine or another stands (`SEARCH_ENGINE`)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from market.catalog import selectors
from market.catalog.adapters.search.results import EngineAway, Found, highlighted, most_candidates, snippet
from market.catalog.adapters.search.vocabulary import memo
from market.catalog.adapters.search.words import Term

__all__ = [
    "EngineAway",
    "Found",
    "Term",
    "engine",
    "engine_named",
    "highlighted",
    "search",
    "snippet",
    "suggestions",
    "terms_of",
]


MAX_SUGGESTIONS = 10
# So many are ranked, and of the best ones the titles are read: several products may have one.
SUGGESTED_AMONG = 100
TITLES_READ = 30


class Engine(Protocol):
    """What finds products. One that `is_current` knows of each change with its commit."""

    is_current: bool

    def find(
        self,
        *,
        text: str,
        terms: Sequence[Term],
        category_ids: Collection[int] | None,
        limit: int,
        among_popular: bool = False,
    ) -> Found: ...

    def ensure_index(self) -> None: ...

    def push(self, documents: Iterable[tuple[int, int, Mapping[str, Any] | None]]) -> set[int]: ...


def search(
    *, text: str, terms: Sequence[Term], category_ids: Collection[int] | None = None, limit: int | None = None
) -> Found:
    """The listed products that match every word of a text, the best first; nothing for a text without words.

    `terms` are those of `terms_of`; `category_ids` narrow the search before it is cut off at `limit`,
    which is `most_candidates` unless another is given.
    """
    if not terms or (category_ids is not None and not category_ids):
        return Found()
    limit = limit or most_candidates(memo.current().products)
    return engine().find(text=text, terms=terms, category_ids=category_ids, limit=limit)


def terms_of(text: str) -> tuple[Term, ...]:
    """What the words of a text stand for in this catalog: no statement while the vocabulary is fresh."""
    return memo.current().terms(text)


def suggestions(text: str) -> list[dict[str, Any]]:
    """At most ten products for a search box, each `{id, slug, title, highlight}` with another title: two statements,
    three when it is none of the 100,000 most popular products."""
    terms = terms_of(text)
    if not terms:
        return []
    found = engine().find(text=text, terms=terms, category_ids=None, limit=SUGGESTED_AMONG, among_popular=True)
    if not found.places:
        found = search(text=text, terms=terms, limit=SUGGESTED_AMONG)
    by_title: dict[str, dict[str, Any]] = {}
    for row in selectors.found_titles(found.product_ids[:TITLES_READ]):
        by_title.setdefault(row["title"], row)
    return [row | {"highlight": highlighted(row["title"], terms)} for row in list(by_title.values())[:MAX_SUGGESTIONS]]


def engine() -> Engine:
    """The engine of this shop."""
    return engine_named(settings.SEARCH_ENGINE)


@cache
def engine_named(name: str) -> Engine:
    """One engine per process and name."""
    return import_string(f"market.catalog.adapters.search.{name}.Engine")()
