"""The catalog's words in this process: read once, and anew when the walk over the catalog has changed them."""

import threading
from collections import defaultdict
from collections.abc import Sequence
from time import monotonic
from typing import Any

from django.conf import settings
from django.db.models import Count, Max

from market.catalog.adapters.search.words import NO_WORDS, Vocabulary
from market.catalog.models import CatalogWalk, Category, FacetCount, SearchWord
from market.catalog.rules import category_tree, search_words, walk_tree

# The commonest ones; those beyond are found as they are typed.
MAX_WORDS = 50_000


class VocabularyMemo:
    """The words, looked after every `SEARCH_VOCABULARY_SECONDS`: one or two small statements in that time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Read them anew at the next search."""
        self._vocabulary, self._version, self._due_at = NO_WORDS, None, 0.0

    def current(self) -> Vocabulary:
        """The words as this process knows them. While one thread reads, the others use what was there."""
        if monotonic() >= self._due_at and self._lock.acquire(blocking=self._version is None):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._vocabulary

    def _look(self) -> None:
        if monotonic() < self._due_at:
            return
        version = _version()
        if version != self._version:
            self._vocabulary = _read()
            self._version = version
        self._due_at = monotonic() + settings.SEARCH_VOCABULARY_SECONDS


def _version() -> tuple[Any, ...]:
    names = Category.objects.aggregate(count=Count("pk"), latest=Max("updated_at"))
    walk = CatalogWalk.objects.values_list("version", flat=True).filter(pk=1).first()
    return walk, names["count"], names["latest"]


def _read() -> Vocabulary:
    rows = SearchWord.objects.order_by("-products", "word").values_list("word", "products", "stem")[:MAX_WORDS]
    counts, stems = {}, {}
    for word, products, stem in rows:
        counts[word], stems[word] = products, stem
    in_shop = FacetCount.objects.filter(category=None, kind="product").values_list("products", flat=True).first()
    return Vocabulary(counts=counts, stems=stems, shelves=_shelves_by_name(), products=in_shop or 0)


def _shelves_by_name() -> dict[str, Sequence[int]]:
    """The active categories, each with those below it, by the words of its title."""
    by_name: dict[str, set[int]] = defaultdict(set)
    tree = category_tree(Category.objects.filter(is_active=True).order_by("pk").values("id", "parent", "title"))
    for node in walk_tree(tree):
        below = {lower["id"] for lower in walk_tree([node])}
        for word in search_words(node["title"]):
            by_name[word] |= below
    return {word: sorted(ids) for word, ids in by_name.items()}


memo = VocabularyMemo()
