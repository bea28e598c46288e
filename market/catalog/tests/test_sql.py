"""The set statements beside their plain ORM form, and the marks that triggers leave."""

import json
from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection

from core.api.keyset import Keyset
from core.models import Change
from market.catalog import selectors, services, sql
from market.catalog.models import Attribute, Category, Product, ProductListing, Variant
from market.catalog.rules import repriced, search_text
from market.catalog.tests.factories import make_category, make_product
from market.catalog.tests.oracle import open_known_shop
from market.inventory.tests.factories import keep, make_stocked_variant

pytestmark = pytest.mark.django_db
LISTED = ["product_id", "category_id", "default_variant_id", "title", "price", "compare_at_price"]
LISTED += ["is_listed", "in_stock", "created_at", "search_text", "is_featured", "attribute_tokens"]


def tokens_by_orm(product: Product) -> list[str]:
    """LISTING_TOKENS for one product."""
    filterable = Attribute.objects.filter(product_type=product.product_type_id, is_filterable=True)
    codes = set(filterable.values_list("code", flat=True))
    tellers = [product, *product.variants.filter(is_active=True)]
    told = [entry for teller in tellers for entry in teller.attributes.items()]
    texts = [(code, value if isinstance(value, str) else json.dumps(value)) for code, value in told if code in codes]
    return sorted({f"{code}={text}" for code, text in texts})


def listing_by_orm(product: Product) -> dict:
    """LISTING_VALUES and WRITE_LISTINGS for one product."""
    best = product.variants.order_by("-is_active", "-in_stock", "price", "position", "pk").first()
    skus = product.variants.order_by("sku").values_list("sku", flat=True)
    values = [
        product.pk,
        product.category_id,
        best.pk if best.is_active else None,
        product.title,
        best.price,
        best.compare_at_price,
        best.is_active and product.status == Product.Status.ACTIVE,
        best.is_active and best.in_stock,
        product.created_at,
        search_text(title=product.title, skus=skus),
        product.is_featured,
        tokens_by_orm(product),
    ]
    return dict(zip(LISTED, values, strict=True))


def test_listings_are_those_of_the_orm():
    open_known_shop(products=40)
    expected = [listing_by_orm(product) for product in Product.objects.order_by("pk")]
    assert list(ProductListing.objects.order_by("pk").values(*LISTED)) == expected
    assert sum(len(row["attribute_tokens"]) > 1 for row in expected) > 10
    ProductListing.objects.update(title="wrong", price=0, search_text="", is_featured=True, attribute_tokens=["a=b"])
    services.refresh_listings(product_ids=[row["product_id"] for row in expected])
    assert list(ProductListing.objects.order_by("pk").values(*LISTED)) == expected


def test_turned_stock_is_that_of_the_orm():
    open_known_shop(products=40)
    turned = list(Variant.objects.order_by("pk")[::3])
    others = dict(Variant.objects.exclude(pk__in=[v.pk for v in turned]).values_list("pk", "in_stock"))
    services.set_variants_in_stock(variant_ids=[v.pk for v in turned], in_stock=True)
    expected = others | dict.fromkeys([v.pk for v in turned], True)
    assert dict(Variant.objects.values_list("pk", "in_stock")) == expected
    listings = [listing_by_orm(product) for product in Product.objects.order_by("pk")]
    assert list(ProductListing.objects.order_by("pk").values(*LISTED)) == listings


def test_new_prices_are_those_of_the_orm():
    open_known_shop(products=40)
    variants = list(Variant.objects.order_by("pk"))
    expected = {}
    for variant in variants[::2]:
        price = repriced(variant.price, percent=Decimal("12.5"))
        compare_at_price = variant.compare_at_price
        if compare_at_price is not None and compare_at_price <= price:
            compare_at_price = None
        expected[variant.pk] = (price, compare_at_price)
    expected |= {variant.pk: (variant.price, variant.compare_at_price) for variant in variants[1::2]}
    services.reprice_variants(variant_ids=[variant.pk for variant in variants[::2]], percent=Decimal("12.5"))
    assert {
        pk: tuple(prices) for pk, *prices in Variant.objects.values_list("pk", "price", "compare_at_price")
    } == expected
    listings = [listing_by_orm(product) for product in Product.objects.order_by("pk")]
    assert list(ProductListing.objects.order_by("pk").values(*LISTED)) == listings


def subtree_by_orm(slug: str) -> set[int]:
    """CATEGORY_SUBTREE."""
    found = set(Category.objects.filter(slug=slug, is_active=True).values_list("pk", flat=True))
    while below := set(
        Category.objects.filter(parent__in=found, is_active=True).exclude(pk__in=found).values_list("pk", flat=True)
    ):
        found |= below
    return found


def test_subtrees_and_paths_are_those_of_the_orm():
    open_known_shop(products=0)
    for category in Category.objects.select_related("parent__parent__parent"):
        subtree = selectors.category_subtree(slug=category.slug)
        assert (set(subtree), len(subtree)) == (subtree_by_orm(category.slug), len(set(subtree)))
        path, step = [], category
        while step:
            path.insert(0, (step.pk, step.slug, step.title, step.is_active))
            step = step.parent
        with connection.cursor() as cursor:
            cursor.execute(sql.CATEGORY_PATH, {"category_id": category.pk})
            assert cursor.fetchall() == path


def test_pages_of_several_shelves_are_those_of_the_orm():
    """FIRST_OF_SHELVES, in each order and both directions, from each place, within filters."""
    open_known_shop(products=40)
    shelves = [*Category.objects.values_list("pk", flat=True), 0]
    for name in ("price", "created_at", "title", "popularity", "rating_or_zero"):
        for keyset in (Keyset((name, "product_id")), Keyset((name, "product_id"), descending=True)):
            for narrow in (lambda rows: rows, lambda rows: rows.priced(lowest=Decimal(1), highest=Decimal(9))):
                known = narrow(ProductListing.objects.listed().orderable())
                rows = keyset.ordered(known.on_shelves(shelves))
                expected = list(selectors.listing_rows(keyset.ordered(known.in_categories(shelves))))
                assert len(expected) > 5
                assert rows.count() == len(expected)
                for start, stop in ((0, 3), (2, 7), (0, 10_000), (len(expected) - 1, len(expected) + 5)):
                    assert list(selectors.listing_page(rows, start, stop)) == expected[start:stop]
                beyond = keyset.beyond(rows, keyset.values_of(expected[1]))
                assert list(selectors.listing_page(beyond, 0, 3)) == expected[2:5]


def marks(*calls) -> list[set[tuple[str, str]]]:
    """The topics and keys that each call marks as changed."""
    marked = []
    for call in calls:
        Change.objects.all().delete()
        call()
        marked.append(set(Change.objects.values_list("topic", "key")))
    return marked


def test_what_the_public_sees_differently_is_marked():
    category = make_category()
    product = make_product(category=category)
    variant = product.variants.get()
    image = product.images.create(image="products/a.jpg", is_primary=True)
    of_product, of_category = {("product", str(product.pk))}, {("category", str(category.pk))}
    assert marks(
        lambda: services.update_product(product_id=product.pk, changes={"description": "New"}),
        lambda: services.update_variant(product_id=product.pk, variant_id=variant.pk, changes={"price": 9}),
        lambda: services.update_image(product_id=product.pk, image_id=image.pk, changes={"alt": "New"}),
        lambda: services.set_variants_in_stock(variant_ids=[variant.pk], in_stock=True),
        lambda: services.set_variants_in_stock(variant_ids=[variant.pk], in_stock=True),
        lambda: services.update_category(category_id=category.pk, changes={"title": "New"}),
        lambda: services.delete_product(product_id=product.pk),
        lambda: services.delete_category(category_id=category.pk),
        lambda: Product.objects.filter(pk=0).update(title="Nobody"),
    ) == [of_product] * 4 + [set(), of_category, of_product, of_category, set()]


def test_stock_marks_a_product_only_when_its_page_shows_another_number():
    variant = make_stocked_variant(on_hand=30)
    key = {("product", str(variant.product_id))}
    assert marks(
        lambda: keep(variant, quantity=10, reference="ORDER-1"),
        lambda: keep(variant, quantity=1, reference="ORDER-2"),
    ) == [set(), key]


def test_marks_name_their_transaction_and_come_once_per_statement():
    products = [make_product().pk for _ in range(3)]
    Change.objects.all().delete()
    Product.objects.filter(pk__in=products).update(title="All at once")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (xid,) = cursor.fetchone()
    assert Counter(Change.objects.values_list("key", "xid")) == {(str(pk), xid): 1 for pk in products}
