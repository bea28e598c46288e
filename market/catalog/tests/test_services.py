"""The listing equals what it is computed from, whatever happens to the product; trees stay trees."""

from datetime import UTC, datetime
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from core.accounts.tests.factories import make_staff
from core.errors import Conflict, Invalid, ShopError
from market.catalog import services
from market.catalog.errors import CategoryCycle
from market.catalog.models import Category, Product, ProductListing, Variant
from market.catalog.rules import MAX_CATEGORY_LEVELS, MAX_VARIANTS, search_text, shown_variant
from market.catalog.services.imports import (
    CategoryImport,
    ProductImport,
    VariantImport,
    import_categories,
    import_products,
)
from market.catalog.tests.factories import make_category, make_product, make_variant, new_variant
from market.taxes.models import TaxRate

prices = st.sampled_from([Decimal("0.00"), Decimal("1.00"), Decimal("2.50"), Decimal("10.00")])
changes = st.one_of(
    st.tuples(st.just("add"), prices, st.booleans()),
    st.tuples(st.just("price"), prices, st.integers(0, 3)),
    st.tuples(st.just("active"), st.booleans(), st.integers(0, 3)),
    st.tuples(st.just("stock"), st.booleans(), st.sets(st.integers(0, 3), min_size=1)),
    st.tuples(st.just("delete"), st.integers(0, 3)),
    st.tuples(st.just("status"), st.sampled_from(["draft", "active", "archived"])),
    st.tuples(st.just("title"), st.sampled_from(["Red mug", "Blue mug"])),
    st.tuples(
        st.just("refresh"),
    ),
)


def apply(product: Product, change: tuple) -> None:
    variants = list(product.variants.order_by("pk"))

    def at(place: int) -> Variant:
        return variants[place % len(variants)]

    match change:
        case ("add", price, is_active):
            services.create_variant(product_id=product.pk, variant=new_variant(price=price, is_active=is_active))
        case ("status", status):
            services.update_product(product_id=product.pk, changes={"status": status})
        case ("title", title):
            services.update_product(product_id=product.pk, changes={"title": title})
        case ("refresh",):
            services.refresh_listings(product_ids=[product.pk])
        case _ if not variants:
            return
        case ("price", price, place):
            services.update_variant(product_id=product.pk, variant_id=at(place).pk, changes={"price": price})
        case ("active", is_active, place):
            services.update_variant(product_id=product.pk, variant_id=at(place).pk, changes={"is_active": is_active})
        case ("stock", in_stock, places):
            services.set_variants_in_stock(variant_ids={at(place).pk for place in places}, in_stock=in_stock)
        case ("delete", place):
            services.delete_variant(product_id=product.pk, variant_id=at(place).pk)


def computed_listing(product: Product) -> dict | None:
    """What the listing should say, in plain Python."""
    variants = list(product.variants.all())
    first = shown_variant(variants)
    if first is None:
        return None
    return {
        "category_id": product.category_id,
        "default_variant_id": first.pk if first.is_active else None,
        "title": product.title,
        "price": first.price,
        "compare_at_price": first.compare_at_price,
        "is_listed": product.status == "active" and first.is_active,
        "in_stock": any(v.is_active and v.in_stock for v in variants),
        "search_text": search_text(title=product.title, skus=sorted(v.sku for v in variants)),
        "created_at": product.created_at,
    }


@pytest.mark.django_db
@settings(max_examples=25)
@given(steps=st.lists(changes, max_size=12))
def test_listing_equals_what_it_is_computed_from(steps):
    with transaction.atomic():
        product = make_product(title="Mug", category=make_category(), variants=[{}, {"price": "2.50"}])
        for step in steps:
            apply(product, step)
            product = Product.objects.get(pk=product.pk)
            expected = computed_listing(product)
            columns = expected or {"product_id": None}
            assert ProductListing.objects.filter(product=product).values(*columns).first() == expected
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_an_unchanged_listing_is_not_written():
    product = make_product()

    def version() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT xmin, ctid FROM catalog_productlisting WHERE product_id = %s", [product.pk])
            return cursor.fetchone()

    before = version()
    services.refresh_listings(product_ids=[product.pk])
    services.update_product(product_id=product.pk, changes={"description": "Not shown in lists"})
    services.set_variants_in_stock(variant_ids=[product.variants.get().pk], in_stock=False)
    assert version() == before


@pytest.mark.django_db
def test_popularity_survives_the_default_variant():
    product = make_product(variants=[{"price": "1.00"}, {"price": "2.00"}])
    ProductListing.objects.update(popularity=7)
    cheaper, dearer = product.variants.order_by("price")
    services.delete_variant(product_id=product.pk, variant_id=cheaper.pk)
    listing = ProductListing.objects.get()
    assert (listing.default_variant_id, listing.price, listing.popularity) == (dearer.pk, dearer.price, 7)


@pytest.mark.django_db
def test_turning_stock_is_two_statements_for_any_number(count_statements):
    variants = [make_variant().pk for _ in range(8)]
    with count_statements() as statements:
        services.set_variants_in_stock(variant_ids=variants, in_stock=True)
    assert (len(statements), ProductListing.objects.filter(in_stock=True).count()) == (2, 8)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"slug": "taken"}, "slug"),
        ({"variants": [{"sku": "FREE"}, {"sku": "TAKEN"}]}, "variants.1.sku"),
        ({"variants": [{"sku": "TWICE"}, {"sku": "TWICE"}]}, "variants.1.sku"),
        ({"variants": [{"compare_at_price": "4.99"}]}, "variants.0.compare_at_price"),
        ({"category_id": 999_999}, "category"),
    ],
)
def test_a_refused_product_leaves_nothing(overrides, field):
    make_product(slug="taken", sku="TAKEN")
    with pytest.raises(Invalid) as refusal:
        make_product(**overrides)
    assert [error.field for error in refusal.value.errors] == [field]
    assert (Product.objects.count(), Variant.objects.count(), ProductListing.objects.count()) == (1, 1, 1)


@pytest.mark.django_db
def test_slugs_are_made_from_titles_and_differ():
    slugs = [services.create_product(title="Red Mug").slug for _ in range(3)] + [
        services.create_product(title="!!!").slug
    ]
    assert slugs == ["red-mug", "red-mug-2", "red-mug-3", "product"]


@pytest.mark.django_db
def test_a_product_has_only_so_many_variants(client_of):
    product, staff = make_product(), client_of(make_staff())
    more = [Variant(product=product, sku=f"M-{number}", price=1) for number in range(MAX_VARIANTS - 2)]
    Variant.objects.bulk_create(more)
    at = f"/api/v1/products/{product.pk}/variants/"
    last, refused = (staff.post(at, {"sku": sku, "price": "1.00"}) for sku in ("LAST", "MORE"))
    assert (last.status_code, refused.status_code) == (201, 400)
    assert [error["field"] for error in refused.json()["errors"]] == ["variants"]
    assert product.variants.count() == MAX_VARIANTS


@pytest.mark.django_db
def test_an_import_brings_a_product_no_more_variants_than_it_may_have():
    def mug(slug: str, first: int, count: int) -> ProductImport:
        variants = tuple(VariantImport(f"{slug}-{first + n}", "", Decimal("1.00")) for n in range(count))
        return ProductImport(slug.title(), slug, "", datetime(2011, 1, 1, tzinfo=UTC), variants)

    assert import_products(products=[mug("mug", 0, MAX_VARIANTS)]).variants == MAX_VARIANTS
    assert import_products(products=[mug("mug", 0, MAX_VARIANTS)]).variants == 0
    for refused in (mug("mug", MAX_VARIANTS, 1), mug("pot", 0, MAX_VARIANTS + 1)):
        with pytest.raises(Invalid) as refusal:
            import_products(products=[mug("lamp", 0, 1), refused])
        (error,) = refusal.value.errors
        assert (error.field, error.code, refused.title in error.message) == ("variants", "too_many", True)
    assert (Product.objects.count(), Variant.objects.count()) == (1, MAX_VARIANTS)


@pytest.mark.django_db
@pytest.mark.parametrize("below", [0, 1, 2])
def test_a_category_cannot_lie_below_itself(below):
    root = make_category()
    line = [root, child := make_category(parent=root), make_category(parent=child)]
    with pytest.raises(CategoryCycle):
        services.update_category(category_id=root.pk, changes={"parent_id": line[below].pk, "title": "Moved"})
    root.refresh_from_db()
    assert (root.parent_id, root.title != "Moved") == (None, True)


def make_line(levels: int) -> list[Category]:
    """Categories each below the one before."""
    line = [make_category()]
    while len(line) < levels:
        line.append(make_category(parent_id=line[-1].pk))
    return line


@pytest.mark.django_db
def test_categories_lie_no_deeper_than_a_page_can_show(client_of):
    line, short, other = make_line(MAX_CATEGORY_LEVELS), make_line(2), make_line(3)
    staff = client_of(make_staff())
    url = "/api/v1/categories/"
    refused = [
        staff.post(url, {"title": "Too deep", "parent": line[-1].pk}),
        staff.patch(f"{url}{short[0].pk}/", {"parent": line[-2].pk}),
    ]
    for answer in refused:
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["field"], error["code"]) == (400, "parent", "too_deep")
    deeper = [CategoryImport("a", "A", line[-2].slug), CategoryImport("b", "B", "a")]
    with pytest.raises(Invalid) as refusal:
        import_categories(categories=deeper)
    assert [error.field for error in refusal.value.errors] == ["parent"]
    assert Category.objects.count() == MAX_CATEGORY_LEVELS + 5
    assert import_categories(categories=deeper[:1]) == 1
    for pk, parent in ((short[0].pk, line[-3].pk), (other[0].pk, line[1].pk), (other[0].pk, None)):
        assert staff.patch(f"{url}{pk}/", {"parent": parent}).status_code == 200
    assert [staff.get(at).status_code for at in (url, f"{url}?flat=1", f"{url}{line[0].pk}/")] == [200] * 3


def together(*calls) -> list[ShopError | None]:
    """Run the calls at the same time, each on its own connection; what each was refused with."""
    barrier, refusals = Barrier(len(calls)), [None] * len(calls)

    def run(place: int) -> None:
        barrier.wait()
        try:
            calls[place]()
        except ShopError as refusal:
            refusals[place] = refusal
        finally:
            connection.close()

    threads = [Thread(target=run, args=[place]) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refusals


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_make_no_cycle():
    for _ in range(5):
        first, second = make_category(), make_category()
        refusals = together(
            lambda a=first, b=second: services.update_category(category_id=a.pk, changes={"parent_id": b.pk}),
            lambda a=first, b=second: services.update_category(category_id=b.pk, changes={"parent_id": a.pk}),
        )
        assert sorted(type(refusal).__name__ for refusal in refusals) == ["CategoryCycle", "NoneType"]
        assert Category.objects.filter(pk__in=[first.pk, second.pk], parent=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_go_no_deeper_than_one():
    third = MAX_CATEGORY_LEVELS // 3 + 1
    for _ in range(3):
        top, middle, bottom = make_line(third), make_line(third), make_line(third)
        refusals = together(
            *(
                lambda upper=upper, lower=lower: services.update_category(
                    category_id=lower[0].pk, changes={"parent_id": upper[-1].pk}
                )
                for upper, lower in ((top, middle), (middle, bottom))
            )
        )
        assert sorted(type(refusal).__name__ for refusal in refusals) == ["Invalid", "NoneType"]


@pytest.mark.django_db(transaction=True)
def test_changes_of_one_product_at_once_leave_a_true_listing():
    product = make_product(variants=[{"price": "9.00"} for _ in range(6)])
    variants = list(product.variants.all())
    refusals = together(
        *(
            lambda v=variant, price=Decimal(place): services.update_variant(
                product_id=product.pk, variant_id=v.pk, changes={"price": price}
            )
            for place, variant in enumerate(variants[:3], start=1)
        ),
        *(
            lambda v=variant: services.set_variants_in_stock(variant_ids=[v.pk], in_stock=True)
            for variant in variants[1:]
        ),
        lambda: services.update_product(product_id=product.pk, changes={"title": "Renamed"}),
    )
    assert refusals == [None] * 9
    expected = computed_listing(Product.objects.get())
    assert ProductListing.objects.values(*expected).get() == expected
    assert (expected["price"], expected["title"]) == (Decimal("2.00"), "Renamed")


@pytest.mark.django_db(transaction=True)
def test_one_sku_added_twice_at_once_is_refused_once():
    product = make_product()
    add = [
        lambda: services.create_variant(product_id=product.pk, variant=new_variant(sku="ONCE")),
        lambda: services.create_variant(product_id=make_product().pk, variant=new_variant(sku="ONCE")),
    ]
    refusals = [refusal for refusal in together(*add) if refusal]
    assert [error.field for refusal in refusals for error in refusal.errors] == ["sku"]
    assert not isinstance(refusals[0], Conflict)


@pytest.mark.django_db
def test_a_tax_class_is_one_that_some_rate_has(client_of):
    TaxRate.objects.create(name="Books", tax_class="books", rate="0.0500")
    staff = client_of(make_staff())
    refused = staff.post("/api/v1/products/", {"title": "Atlas", "tax_class": "bocks"}, format="json")
    made = staff.post("/api/v1/products/", {"title": "Atlas", "tax_class": "books"}, format="json").json()
    url = f"/api/v1/products/{made['id']}/"
    again = staff.patch(url, {"tax_class": "toys"}, format="json")
    assert [(r.status_code, r.json()["errors"][0]["field"]) for r in (refused, again)] == [(400, "tax_class")] * 2
    assert (made["tax_class"], Product.objects.get().tax_class) == ("books", "books")
    assert staff.patch(url, {"tax_class": "standard"}, format="json").json()["tax_class"] == "standard"
