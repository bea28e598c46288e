"""What holds for every search engine: PostgreSQL, and the OpenSearch adapter against a stand-in on loopback."""

from collections.abc import Callable, Iterator

import pytest

from core.outbox.models import Event
from market.catalog import services
from market.catalog.adapters.search import EngineAway, engine, engine_named, opensearch, search, terms_of
from market.catalog.adapters.search.vocabulary import memo
from market.catalog.models import PendingDocument, ProductListing
from market.catalog.services.pushing import push_documents, queue_documents
from market.catalog.services.searching import walk_catalog
from market.catalog.tests.factories import make_category, make_product
from market.catalog.tests.opensearch_server import Cluster, running_cluster

pytestmark = pytest.mark.django_db
URL = "/api/v1/products/"


def deliver_events() -> None:
    """What the relay, the handler and the sender do."""
    for event in Event.objects.filter(name="catalog.documents_changed").order_by("created_at"):
        queue_documents(product_ids=event.payload["product_ids"])
        event.delete()
    while push_documents(limit=500):
        pass


@pytest.fixture
def cluster(settings, monkeypatch) -> Iterator[Cluster]:
    # The stand-in is a thread of this process: on a busy machine it answers late, and is not away.
    monkeypatch.setattr(opensearch, "SEARCH_SECONDS", 30)
    with running_cluster() as running:
        settings.SEARCH_ENGINE, settings.OPENSEARCH_URL = "opensearch", running.url
        engine_named.cache_clear()
        yield running
        engine().breaker.stop()
    engine_named.cache_clear()


@pytest.fixture(params=["postgres", "opensearch"])
def settle(request) -> Callable[[], None]:
    """Lets the engine know of all that was committed."""
    if request.param == "opensearch":
        request.getfixturevalue("cluster")

    def settle_engine() -> None:
        walk_catalog(batches=10)
        memo.forget()
        deliver_events()

    return settle_engine


def found(client, text: str, **query) -> list[str]:
    answer = client.get(URL, {"search": text, **query})
    assert answer.status_code == 200, answer.content
    return [row["title"] for row in answer.json()["results"]]


def test_words_are_found_in_every_form_and_by_what_they_weigh(api_client, settle):
    shelf = make_category(title="Lanterns", slug="lanterns")
    make_product(title="Described", description="like a lantern")
    make_product(title="Shelved", category=shelf)
    make_product(title="Coded", sku="LANTERN-7")
    make_product(title="Paper lantern", category=shelf)
    make_product(title="Hidden lantern", status="draft")
    settle()
    by_weight = ["Paper lantern", "Coded", "Shelved", "Described"]
    for text in ("lantern", "lanterns", "LANT", "lantren"):
        assert found(api_client, text) == by_weight
    assert found(api_client, "lantern paper") == found(api_client, "pap lantern") == ["Paper lantern"]
    assert found(api_client, "lantern", category="lanterns") == ["Paper lantern", "Shelved"]
    assert found(api_client, "lantern", category="nowhere") == found(api_client, "teapot") == []
    assert found(api_client, "lantern", ordering="title") == sorted(by_weight)


def test_equal_matches_come_by_popularity_then_the_newest_first(api_client, settle):
    products = [make_product(title=f"Mug {letter}") for letter in "abcd"]
    ProductListing.objects.filter(pk=products[1].pk).update(popularity=3)
    settle()
    assert found(api_client, "mug") == ["Mug b", "Mug d", "Mug c", "Mug a"]
    places = search(text="mug", terms=terms_of("mug"), limit=3)
    assert (places.product_ids, places.is_exact) == ([products[n].pk for n in (1, 3, 2)], False)


def test_what_is_gone_is_not_shown_even_before_the_engine_knows(api_client, settle):
    mug, plate = make_product(title="Red mug"), make_product(title="Red plate")
    settle()
    services.archive_product(product_id=mug.pk)
    assert found(api_client, "red") == ["Red plate"]
    services.delete_product(product_id=plate.pk)
    assert found(api_client, "red") == []
    settle()
    assert search(text="red", terms=terms_of("red")).product_ids == []


def test_no_text_breaks_an_engine(api_client, settle):
    make_product(title="Mug")
    settle()
    for text in ("a & b", "'a':*", '{"match_all": {}}', "🙂", "title:mug", "*", "\u202emug", "a " * 50):
        assert found(api_client, text) in ([], ["Mug"]), text


def test_opensearch_keeps_the_newest_version_whatever_comes_late(cluster):
    product = make_product(title="First")
    deliver_events()
    (old_version,) = cluster.versions.values()
    services.update_product(product_id=product.pk, changes={"title": "Second"})
    deliver_events()
    late = {"product_id": product.pk, "is_listed": True, "title": "first"}
    assert engine().push([(product.pk, old_version, late)]) == {product.pk}
    assert cluster.documents[str(product.pk)]["title"] == "second"
    assert cluster.mapping["mappings"]["dynamic"] == "strict"
    assert PendingDocument.objects.count() == 0


def test_while_opensearch_is_away_postgresql_answers_and_documents_wait(api_client, cluster):
    make_product(title="Mug")
    cluster.is_away = True
    assert found(api_client, "mug") == found(api_client, "mug") == ["Mug"]
    searches = [path for method, path in cluster.requests if path.endswith("_search")]
    assert len(searches) <= 1, "a cluster that is away is not asked again"
    for event in Event.objects.filter(name="catalog.documents_changed"):
        queue_documents(product_ids=event.payload["product_ids"])
    with pytest.raises(EngineAway):
        push_documents(limit=10)
    cluster.is_away = False
    assert push_documents(limit=10) == 0, "it is tried again when its lease is over"
    PendingDocument.objects.update(lease_until=None)
    assert (push_documents(limit=10), len(cluster.documents)) == (1, 1)


def test_postgresql_alone_is_told_nothing():
    make_product(title="Mug")
    assert Event.objects.filter(name="catalog.documents_changed").count() == 0
