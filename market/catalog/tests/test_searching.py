"""Search, seen through the door of a shopper: what is found, in which order, and what it costs."""

import re
from decimal import Decimal

import pytest
from django.db import connection

from market.catalog import services
from market.catalog.adapters.search import search, terms_of
from market.catalog.adapters.search.postgres import WEIGHTS, search_statement
from market.catalog.adapters.search.results import most_candidates
from market.catalog.adapters.search.vocabulary import memo
from market.catalog.models import CatalogWalk, ProductListing, SearchDocument, SearchWord
from market.catalog.services.searching import walk_catalog
from market.catalog.tests.factories import make_category, make_product, new_variant

pytestmark = pytest.mark.django_db
URL = "/api/v1/products/"


def learn_words() -> None:
    """The walk that beat sends round every half minute, and what a process then knows."""
    walk_catalog(batches=10)
    memo.forget()


def found(client, text: str, **query) -> list[str]:
    """The titles that a search shows, best first."""
    answer = client.get(URL, {"search": text, "limit": 100, **query})
    assert answer.status_code == 200, answer.content
    return [row["title"] for row in answer.json()["results"]]


def test_each_part_of_a_product_is_found_and_weighs_as_much_as_it_tells(api_client):
    candles = make_category(title="Candles")
    make_product(title="Described", description="A <b>lantern</b> for the garden")
    make_product(title="Shelved", category=make_category(title="Lantern", parent=candles))
    make_product(title="Coded", sku="LANTERN-7")
    make_product(title="Red lantern")
    learn_words()
    assert found(api_client, "lantern") == ["Red lantern", "Coded", "Shelved", "Described"]
    assert found(api_client, "candles") == ["Shelved"]


FORMS = [
    ("lantern", {"Paper lantern", "Glass lanterns"}),
    ("lanterns", {"Paper lantern", "Glass lanterns"}),
    ("LANT", {"Paper lantern", "Glass lanterns"}),
    ("lantern paper", {"Paper lantern"}),
    ("pap lantern", {"Paper lantern"}),
    ("lantren", {"Paper lantern", "Glass lanterns"}),
    ("pper lantrens", {"Paper lantern"}),
    ("ab-1", {"Paper lantern"}),
    ("AB1", set()),
    ("lan tern", set()),
    ("gl", {"Glass lanterns", "\uff27low 灯籠 fête"}),
    ("glow", {"\uff27low 灯籠 fête"}),
    ("灯籠", {"\uff27low 灯籠 fête"}),
    ("FÊTE", {"\uff27low 灯籠 fête"}),
    ("papre", {"Paper lantern"}),
    ("ppr", set()),
]


def test_words_are_found_in_other_forms_unfinished_misspelt_and_in_any_order(api_client):
    make_product(title="Paper lantern", sku="AB-1")
    make_product(title="Glass lanterns", sku="CD-2")
    make_product(title="\uff27low 灯籠 fête", sku="EF-3")
    learn_words()
    assert {text: set(found(api_client, text)) for text, _ in FORMS} == dict(FORMS)


def test_a_new_product_is_found_with_its_commit_and_its_typos_after_the_walk(api_client):
    make_product(title="Old mug")
    learn_words()
    assert found(api_client, "zanzibar") == []
    product = make_product(title="Zanzibar mug")
    assert (found(api_client, "zanzibar"), found(api_client, "zanzi"), found(api_client, "zanzbar")) == (
        ["Zanzibar mug"],
        ["Zanzibar mug"],
        [],
    )
    learn_words()
    assert found(api_client, "zanzbar") == ["Zanzibar mug"]
    services.update_product(product_id=product.pk, changes={"title": "Lamu mug"})
    assert (found(api_client, "zanzibar"), found(api_client, "lamu")) == ([], ["Lamu mug"])
    services.archive_product(product_id=product.pk)
    assert found(api_client, "lamu") == []
    services.delete_product(product_id=product.pk)
    learn_words()
    assert set(SearchWord.objects.values_list("word", flat=True)) == {"old", "mug"}


def test_a_product_without_variant_is_not_found(api_client):
    product = make_product(title="Lonely lamp")
    services.delete_variant(product_id=product.pk, variant_id=product.variants.get().pk)
    assert (found(api_client, "lamp"), SearchDocument.objects.count()) == ([], 0)


def test_a_category_can_be_renamed_and_moved_without_touching_its_products(api_client, count_statements):
    shelf = make_category(title="Crockery")
    make_product(title="Thing", category=shelf)
    learn_words()
    assert found(api_client, "crockery") == ["Thing"]
    services.update_category(category_id=shelf.pk, changes={"title": "Tableware"})
    memo.forget()
    assert (found(api_client, "crockery"), found(api_client, "tableware")) == ([], ["Thing"])


def test_equal_matches_come_by_popularity_then_the_newest_first_and_page_by_page(api_client):
    products = [make_product(title=f"Mug {letter}") for letter in "abcdefg"]
    ProductListing.objects.filter(pk__in=[products[1].pk, products[4].pk]).update(popularity=9)
    walk_catalog(batches=10)
    expected = ["Mug e", "Mug b", "Mug g", "Mug f", "Mug d", "Mug c", "Mug a"]
    assert found(api_client, "mug") == expected
    assert found(api_client, "mug", ordering="relevance") == expected
    assert found(api_client, "mug", ordering="title") == sorted(expected)
    pages = [found(api_client, "mug", limit=3, offset=offset) for offset in (0, 3, 6)]
    assert pages == [expected[:3], expected[3:6], expected[6:]]
    for ordering in ("relevance", "title"):
        url, walked, back = f"{URL}?search=mug&limit=3&cursor=&ordering={ordering}", [], []
        while url:
            answer = api_client.get(url).json()
            walked.append([row["title"] for row in answer["results"]])
            url, previous = answer["next"], answer["previous"]
        assert [title for page in walked for title in page] == (
            expected if ordering == "relevance" else sorted(expected)
        )
        while previous:
            answer = api_client.get(previous).json()
            back.append([row["title"] for row in answer["results"]])
            previous = answer["previous"]
        assert back == walked[-2::-1]


def test_what_was_searched_is_marked_and_everything_else_is_inert(api_client):
    make_product(
        title="<script>alert('mug')</script> MUGS & more",
        description="x" * 200 + ' <img src=x onerror=alert(1)> a mug for "you" & me ' + "y" * 200,
    )
    learn_words()
    (row,) = api_client.get(URL, {"search": "mug"}).json()["results"]
    assert row["highlight"]["title"] == (
        "&lt;script&gt;alert(&#x27;<mark>mug</mark>&#x27;)&lt;/script&gt; <mark>MUGS</mark> &amp; more"
    )
    snippet = row["highlight"]["description"]
    assert snippet.startswith("…&lt;img src=x onerror=alert(1)&gt; a <mark>mug</mark> for &quot;you&quot; &amp; me…")
    assert "<" not in snippet.replace("<mark>", "").replace("</mark>", "")
    (suggestion,) = api_client.get(f"{URL}suggest/", {"q": "mor"}).json()["results"]
    assert suggestion["highlight"].endswith("&amp; <mark>more</mark>")
    assert "highlight" not in api_client.get(URL).json()["results"][0]


def test_suggestions_are_ten_different_titles_by_their_beginnings(api_client, count_statements, settings):
    for number in range(12):
        make_product(title=f"Mug {number}")
    make_product(title="Mug 3")
    make_product(title="Plate")
    learn_words()
    settings.SEARCH_VOCABULARY_SECONDS = 3600
    terms_of("known")
    for text, count in (("mu", 10), ("mug 3", 1), ("plte", 1), ("", 0), ("!?", 0), ("zzzz", 0)):
        with count_statements() as counted:
            answer = api_client.get(f"{URL}suggest/", {"q": text})
        titles = [row["title"] for row in answer.json()["results"]]
        assert (answer.status_code, len(titles), len(set(titles))) == (200, count, count)
        # One more when none of the most popular is meant.
        assert len(counted) <= (2 if count else 3)


@pytest.mark.parametrize("rows", [1, 20, 100])
def test_a_search_costs_four_statements_at_most_however_much_it_finds(api_client, count_statements, settings, rows):
    shelf = make_category(slug="shelf")
    services.refresh_listings(product_ids=[make_product(title="Red mug", category=shelf).pk for _ in range(rows)])
    settings.SEARCH_VOCABULARY_SECONDS = 3600  # else it looks after the words now and then, with two statements more
    terms_of("known")
    for query, statements in (
        ("search=mug", 2),
        ("search=mug&in_stock=0", 3),
        ("search=mug&category=shelf", 3),
        ("search=mug&category=shelf&in_stock=0&ordering=price", 4),
        ("search=mug&category=shelf&in_stock=0&ordering=price&cursor=", 3),
    ):
        with count_statements() as counted:
            answer = api_client.get(f"{URL}?{query}&limit=100").json()
        assert (query, len(answer["results"]), len(counted)) == (query, rows, statements)
    for query, statements in (("", 2), ("category=shelf&in_stock=0", 3), ("category=shelf&search=mug", 4)):
        with count_statements() as counted:
            answer = api_client.get(f"{URL}facets/?{query}").json()
        assert (query, answer["count"], len(counted)) == (query, rows, statements)


OPERATORS = ["a & b", "a | !b", "'a':*", "(((", "a <-> b", "\\", '"mug" OR 1=1; --', "%", "@1", ":*A", "mug:*", "!!mug"]
STRANGE = ["🙂", "🙂 mug", "\u202emug", "مرحبا", "мир", "é" * 100, "x" * 100, "a " * 50, "\ufffd", "\u0000mug"]


def test_no_text_breaks_a_search(api_client):
    make_product(title="Mug")
    learn_words()
    answered = {}
    for text in [*OPERATORS, *STRANGE, "", "   "]:
        for path, name in ((URL, "search"), (f"{URL}facets/", "search"), (f"{URL}suggest/", "q")):
            answered[path, text] = api_client.get(path, {name: text}).status_code
    assert {key: status for key, status in answered.items() if status != 200} == {
        (path, text): 400 for path, text in answered if "\0" in text
    }


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("?search=" + "x" * 10_000, "search"),
        ("facets/?search=" + "x" * 101, "search"),
        ("suggest/?q=" + "x" * 10_000, "q"),
        ("suggest/", "q"),
        ("suggest/?q=mug&limit=5", "limit"),
        ("?ordering=relevance", "ordering"),
        ("?search=mug&ordering=search_rank", "ordering"),
        ("?search=mug&cursor=nonsense", "cursor"),
        ("facets/?ordering=price", "ordering"),
        ("facets/?colour=red", "colour"),
        ("facets/?min_price=cheap", "min_price"),
    ],
)
def test_what_a_search_cannot_take_is_refused_by_name(api_client, path, field):
    answer = api_client.get(f"{URL}{path}")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])


def test_a_walk_mends_what_was_written_past_the_services_and_rests_when_nothing_changed(count_statements):
    products = [make_product(title=f"Mug {n}", variants=[new_variant(sku=f"M-{n}")]) for n in range(3)]
    walk_catalog(batches=10)
    expected = list(SearchDocument.objects.order_by("pk").values("pk", "is_listed", "tier", "document"))
    counts = list(SearchWord.objects.order_by("pk").values())
    assert walk_catalog(batches=10) == 0
    SearchDocument.objects.filter(pk=products[0].pk).delete()
    SearchDocument.objects.filter(pk=products[1].pk).update(document="'wrong':1A", is_listed=False)
    ProductListing.objects.filter(pk=products[2].pk).update(price=Decimal("6.00"))
    assert walk_catalog(batches=10) == 3
    assert list(SearchDocument.objects.order_by("pk").values("pk", "is_listed", "tier", "document")) == expected
    assert list(SearchWord.objects.order_by("pk").values()) == counts
    assert CatalogWalk.objects.get().is_complete


def test_an_interrupted_walk_goes_on_where_it_stopped(monkeypatch):
    monkeypatch.setattr("market.catalog.services.searching.WALK_BATCH", 2)
    for number in range(5):
        make_product(title=f"Mug {number}")
    assert [walk_catalog(batches=1) for _ in range(5)] == [2, 2, 1, 0, 0]
    assert SearchWord.objects.get(word="mug").products == 5
    assert SearchWord.objects.filter(counted__gt=0).count() == 0


def test_tiers_hold_the_most_popular_and_a_search_stops_when_it_has_enough(monkeypatch):
    monkeypatch.setattr("market.catalog.services.searching.SEARCH_TIERS", (2, 4))
    products = [make_product(title=f"Mug {n}") for n in range(6)]
    for place, product in enumerate(products):
        ProductListing.objects.filter(pk=product.pk).update(popularity=place // 2)
    walk_catalog(batches=10)
    tiers = dict(SearchDocument.objects.values_list("pk", "tier"))
    assert [tiers[product.pk] for product in products] == [2, 2, 1, 1, 0, 0]
    ids = [product.pk for product in reversed(products)]
    for limit, is_exact in ((2, False), (4, False), (6, True)):
        answer = search(text="mug", terms=terms_of("mug"), limit=limit)
        assert (answer.product_ids, answer.is_exact) == (ids[:limit], is_exact)


def test_in_a_shop_of_many_products_fewer_matches_are_looked_at(api_client, monkeypatch):
    assert [most_candidates(products) for products in (0, 100_000, 100_001, 1_000_000)] == [1000, 1000, 500, 500]
    monkeypatch.setattr("market.catalog.adapters.search.results.MANY_PRODUCTS", 3)
    monkeypatch.setattr("market.catalog.adapters.search.results.MAX_CANDIDATES_OF_MANY", 2)
    for number in range(4):
        answer = api_client.get(URL, {"search": "mug"}).json()
        assert (answer["count"], answer["count_is_exact"]) == (number, True)
        make_product(title="Mug")
        learn_words()
    answer = api_client.get(URL, {"search": "mug"}).json()
    assert (answer["count"], answer["count_is_exact"], len(answer["results"])) == (2, False, 2)


def test_each_tier_is_read_by_its_own_index_one_after_the_other():
    values = {"condition_0": "'mug'", "condition_1": "'red'", "typed": "'mug'", "meant": "'mug'", "limit": 9}
    inviting = ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size")
    inviting += ("min_parallel_index_scan_size",)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for name in inviting:
            cursor.execute(f"SET LOCAL {name} = 0")
        cursor.execute(f"EXPLAIN {search_statement(conditions=2, tiers=6)}", values | {"weights": WEIGHTS})
        plan = " ".join(line for (line,) in cursor.fetchall())
    assert re.findall(r"search_tier_\d", plan) == [f"search_tier_{tier}" for tier in range(6)]
    assert "Parallel" not in plan
