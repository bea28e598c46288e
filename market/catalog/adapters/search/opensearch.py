"""Search by an OpenSearch cluster, for catalogs that outgrow PostgreSQL's index.

The vocabulary widens a query as for PostgreSQL, so that both understand the same; the cluster holds
words and ranks. While it is away, PostgreSQL answers: its documents are kept in any case.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.conf import settings
from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException

from core.breaker import Breaker, BreakerOpen
from market.catalog.adapters.search import postgres
from market.catalog.adapters.search.results import EngineAway, Found
from market.catalog.adapters.search.words import Term

# What a word weighs in the title, in SKUs and attributes, in the description.
FIELDS = ["title^20", "skus^10", "attributes^10", "description^1"]
SHELF_BOOST = 4
# A typed word weighs more than one that stands for it.
TYPED_BOOST = 2
SEARCH_SECONDS = 1
PUSH_SECONDS = 30
# The cluster has had a newer version already, or nothing to delete.
SUPERSEDED = {404, 409}
WORDS = {"type": "text", "analyzer": "whitespace"}
MAPPING = {
    "settings": {"index": {"number_of_shards": 1}},
    "mappings": {
        "dynamic": "strict",
        "properties": {
            "product_id": {"type": "long"},
            "is_listed": {"type": "boolean"},
            "popularity": {"type": "long"},
            "category_id": {"type": "long"},
            **dict.fromkeys(("title", "skus", "attributes", "description"), WORDS),
        },
    },
}


class Engine:
    """One index, whose documents arrive some seconds after a commit; lists look again at what they hold."""

    is_current = False

    def __init__(self) -> None:
        self.index = settings.OPENSEARCH_INDEX
        self.breaker = Breaker("opensearch", probe=self.client_ping, failures=(OpenSearchException,))

    def client_ping(self) -> None:
        """Ask the cluster for its name. Raises OpenSearchException while it is away."""
        self.client.info()

    @cached_property
    def client(self) -> OpenSearch:
        return OpenSearch(hosts=[settings.OPENSEARCH_URL], timeout=SEARCH_SECONDS, max_retries=0)

    def find(
        self,
        *,
        text: str,
        terms: Sequence[Term],
        category_ids: Collection[int] | None,
        limit: int,
        among_popular: bool = False,
    ) -> Found:
        """The listed products that match every term, as the cluster ranks them: one request."""
        filters: list[dict[str, Any]] = [{"term": {"is_listed": True}}]
        if category_ids is not None:
            filters.append({"terms": {"category_id": list(category_ids)}})
        body = {
            "size": limit + 1,
            "_source": False,
            "fields": ["product_id", "popularity"],
            "track_total_hits": False,
            "query": {"bool": {"filter": filters, "must": [_condition(term) for term in terms]}},
            "sort": [{"_score": "desc"}, {"popularity": "desc"}, {"product_id": "desc"}],
        }
        try:
            answer = self.breaker.call(lambda: self.client.search(index=self.index, body=body))
        except BreakerOpen:
            return postgres.Engine().find(
                text=text, terms=terms, category_ids=category_ids, limit=limit, among_popular=among_popular
            )
        places = [
            (hit["_score"], hit["fields"]["popularity"][0], hit["fields"]["product_id"][0])
            for hit in answer["hits"]["hits"]
        ]
        return Found(places[:limit], is_exact=len(places) <= limit)

    def push(self, documents: Iterable[tuple[int, int, Mapping[str, Any] | None]]) -> set[int]:
        """Store documents, as (product id, version, fields); without fields one is deleted.

        Answers the ids of those that the cluster has now, in this or a newer version. Raises EngineAway.
        """
        lines: list[Mapping[str, Any]] = []
        for product_id, version, fields in documents:
            target = {"_index": self.index, "_id": str(product_id), "version": version, "version_type": "external_gte"}
            lines += [{"delete": target}] if fields is None else [{"index": target}, fields]
        if not lines:
            return set()
        answer = self._asked(lambda: self.client.bulk(body=lines, request_timeout=PUSH_SECONDS))
        outcomes = [next(iter(item.values())) for item in answer["items"]]
        return {
            int(outcome["_id"]) for outcome in outcomes if outcome["status"] < 300 or outcome["status"] in SUPERSEDED
        }

    def ensure_index(self) -> None:
        """Make the index, unless it is there. Raises EngineAway."""
        if not self._asked(lambda: self.client.indices.exists(index=self.index)):
            self._asked(lambda: self.client.indices.create(index=self.index, body=MAPPING))

    @staticmethod
    def _asked(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except OpenSearchException as error:
            raise EngineAway(type(error).__name__) from error


def _condition(term: Term) -> dict[str, Any]:
    """That a product has one of the words that stand for the term, or lies in a category of that name."""
    choices: list[dict[str, Any]] = [
        {"multi_match": {"query": word, "fields": FIELDS, "boost": TYPED_BOOST if word == term.typed else 1}}
        for word in term.words
    ]
    if term.is_prefix:
        choices.append({"multi_match": {"query": term.typed, "fields": FIELDS, "type": "phrase_prefix"}})
    if term.shelves:
        choices.append({"terms": {"category_id": list(term.shelves), "boost": SHELF_BOOST}})
    return {"bool": {"should": choices, "minimum_should_match": 1}}
