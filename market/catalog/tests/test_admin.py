"""The staff's screens of the catalog write through the services."""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from core.accounts.tests.factories import make_staff
from market.catalog.models import (
    Attribute,
    Category,
    Collection,
    PlannedPrice,
    Product,
    ProductImage,
    ProductListing,
    ProductType,
)
from market.catalog.tests.factories import make_category, make_price_change, make_product, make_variant

pytestmark = pytest.mark.django_db
ADMIN = "/admin/catalog"


@pytest.fixture
def staff(client):
    client.force_login(make_staff())
    return client


def inline(prefix: str, rows: list[dict], *, initial: int = 0) -> dict:
    """The fields of an inline form."""
    management = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    return management | {
        f"{prefix}-{place}-{name}": value for place, row in enumerate(rows) for name, value in row.items()
    }


def product_form(*, variants: list[dict] = (), images: list[dict] = (), kept: int = 0, **fields) -> dict:
    form = {"title": "Red mug", "slug": "red-mug", "description": "", "status": "active", "category": ""}
    form |= {"tax_class": "standard"} | fields
    defaults = {"weight_grams": 0, "position": 0, "is_active": "on"}
    return (
        form
        | inline("variants", [defaults | row for row in variants], initial=kept)
        | inline("images", list(images))
        | inline("documents", [])
    )


def picture() -> SimpleUploadedFile:
    buffer = BytesIO()
    Image.new("RGB", (20, 20), "red").save(buffer, format="PNG")
    return SimpleUploadedFile("mug.png", buffer.getvalue())


def test_staff_make_and_change_a_product(staff, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    category = make_category()
    images = [{"image": picture(), "alt": "A mug", "position": 0}]
    form = product_form(variants=[{"sku": "MUG", "price": "4.95"}], images=images, category=category.pk)
    made = staff.post(f"{ADMIN}/product/add/", form)
    assert made.status_code == 302, made.context["errors"]
    product = Product.objects.get()
    variant = product.variants.get()
    assert ProductListing.objects.values_list("price", "category_id", "is_listed").get() == (
        Decimal("4.95"),
        category.pk,
        True,
    )
    assert list(ProductImage.objects.values_list("product_id", "alt", "is_primary")) == [(product.pk, "A mug", True)]
    row = {"id": variant.pk, "product": product.pk, "sku": "MUG", "price": "3.95"}
    changed = staff.post(
        f"{ADMIN}/product/{product.pk}/change/",
        product_form(variants=[row, {"sku": "MUG-2", "price": "2.95"}], kept=1, title="Blue mug"),
    )
    assert changed.status_code == 302, changed.context["errors"]
    listing = ProductListing.objects.get()
    assert (listing.title, listing.price, listing.search_text) == ("Blue mug", Decimal("2.95"), "blue mug mug mug 2")
    row |= {"price": "3.95", "DELETE": "on"}
    staff.post(f"{ADMIN}/product/{product.pk}/change/", product_form(variants=[row], kept=1, title="Blue mug"))
    assert list(product.variants.values_list("sku", flat=True)) == ["MUG-2"]


@pytest.mark.parametrize(
    ("variants", "images", "shown"),
    [
        ([{"sku": "TAKEN", "price": "1.00"}], [], "already exists"),
        ([{"sku": "A", "price": "1.00"}, {"sku": "A", "price": "2.00"}], [], "duplicate"),
        ([{"sku": "A", "price": "5.00", "compare_at_price": "4.00"}], [], "cannot be below the price"),
        ([{"sku": "A", "price": "-1"}], [], "The price cannot be below zero."),
        ([{"sku": "A", "price": "5.00", "cost": "-1"}], [], "The cost cannot be below zero."),
        ([], [{"image": SimpleUploadedFile("a.png", b"no picture"), "position": 0}], "valid image"),
    ],
)
def test_what_cannot_be_saved_is_shown_and_saves_nothing(staff, variants, images, shown):
    make_product(sku="TAKEN")
    answer = staff.post(f"{ADMIN}/product/add/", product_form(variants=variants, images=images), follow=True)
    assert (answer.status_code, shown in answer.content.decode()) == (200, True)
    assert (Product.objects.count(), ProductImage.objects.count()) == (1, 0)


def test_a_refusal_of_a_service_is_shown_on_the_form(staff):
    parent = make_category(title="Parent")
    child = make_category(parent=parent)
    form = {"title": "Parent", "slug": parent.slug, "parent": child.pk, "position": 0, "is_active": "on"}
    answer = staff.post(f"{ADMIN}/category/{parent.pk}/change/", form, follow=True)
    assert "A category cannot lie below itself." in answer.content.decode()
    assert Category.objects.get(pk=parent.pk).parent is None


def test_staff_make_and_delete_a_category(staff):
    parent = make_category()
    form = {"title": "Mugs", "slug": "mugs", "parent": parent.pk, "position": 3, "is_active": "on"}
    assert staff.post(f"{ADMIN}/category/add/", form).status_code == 302
    made = Category.objects.get(slug="mugs")
    assert (made.parent_id, made.position) == (parent.pk, 3)
    staff.post(f"{ADMIN}/category/{made.pk}/delete/", {"post": "yes"})
    assert list(Category.objects.all()) == [parent]


@pytest.mark.parametrize("rows", [1, 10])
def test_lists_cost_the_same_however_long(staff, count_statements, rows):
    for _ in range(rows):
        make_product(category=make_category(parent=make_category()))
    costs = []
    for path in ("/product/", "/product/?q=product", "/category/"):
        with count_statements() as statements:
            assert staff.get(ADMIN + path).status_code == 200
        costs.append(len(statements))
    assert max(costs) <= 6


def test_archiving_and_deleting_go_through_the_services(staff):
    kept, gone = make_product(), make_product()
    action = {"_selected_action": [kept.pk], "action": "archive"}
    assert "Archived: 1." in staff.post(f"{ADMIN}/product/", action, follow=True).content.decode()
    staff.post(f"{ADMIN}/product/{gone.pk}/delete/", {"post": "yes"})
    assert list(Product.objects.values_list("pk", "status")) == [(kept.pk, "archived")]
    assert list(ProductListing.objects.values_list("is_listed", flat=True)) == [False]


def test_staff_say_what_kinds_of_products_tell(staff):
    staff.post(f"{ADMIN}/producttype/add/", {"title": "Mug", "slug": "mug"})
    mug = ProductType.objects.get(slug="mug")
    color = {
        "product_type": mug.pk,
        "code": "color",
        "title": "Color",
        "kind": "color",
        "choices": "red,blue",
        "swatches": '{"red": "#cc0000", "blue": "#0000cc"}',
        "is_filterable": "on",
        "is_of_variant": "on",
        "position": 0,
    }
    assert "#rrggbb" in staff.post(f"{ADMIN}/attribute/add/", color | {"swatches": "{}"}, follow=True).content.decode()
    assert not Attribute.objects.exists()
    assert staff.post(f"{ADMIN}/attribute/add/", color).status_code == 302
    attribute = mug.attributes.get()
    assert (attribute.choices, attribute.is_of_variant) == (["red", "blue"], True)
    form = product_form(
        variants=[{"sku": "MUG", "price": "4.95", "attributes": '{"color": "red"}'}],
        product_type=mug.pk,
        attributes="{}",
        is_featured="on",
    )
    assert staff.post(f"{ADMIN}/product/add/", form).status_code == 302
    listing = ProductListing.objects.get()
    assert (listing.attribute_tokens, listing.is_featured) == (["color=red"], True)
    change = f"{ADMIN}/attribute/{attribute.pk}/change/"
    fewer = {"title": "Colour", "choices": "blue", "swatches": '{"blue": "#0000cc"}', "position": 0}
    assert "is told by: Red mug" in staff.post(change, fewer, follow=True).content.decode()
    more = {"title": "Colour", "choices": "red,blue", "swatches": color["swatches"], "position": 3, "code": "paint"}
    assert staff.post(change, more).status_code == 302
    attribute.refresh_from_db()
    assert (attribute.title, attribute.position, attribute.code) == ("Colour", 3, "color")
    for path in (f"attribute/{attribute.pk}", f"producttype/{mug.pk}"):
        assert staff.post(f"{ADMIN}/{path}/delete/", {"post": "yes"}).status_code in {200, 302}
    assert (ProductType.objects.count(), Attribute.objects.count()) == (1, 1)


def test_staff_compose_collections(staff, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    product = make_product()
    form = {"title": "For tea", "slug": "for-tea", "description": "", "rules": "", "is_active": "on", "position": 0}
    at = f"{ADMIN}/collection"
    assert staff.post(f"{at}/add/", form | {"chosen": [product.pk], "image": picture()}).status_code == 302
    collection = Collection.objects.get()
    assert (collection.rules, [item.product_id for item in collection.items.all()]) == (None, [product.pk])
    assert collection.image.name.startswith("collections/")
    change = f"{at}/{collection.pk}/change/"
    assert staff.post(f"{at}/{collection.pk}/delete/", {"post": "yes"}, follow=True).status_code == 200
    assert Collection.objects.exists(), "it holds a product"
    wrong = staff.post(change, form | {"rules": '{"size": 1}'}, follow=True)
    assert "size: There is no such rule." in wrong.content.decode()
    assert staff.post(change, form | {"chosen": [], "image-clear": "on"}).status_code == 302
    collection.refresh_from_db()
    assert (collection.items.count(), collection.image.name) == (0, "")
    assert staff.post(change, form | {"rules": '{"on_sale": true}'}).status_code == 302
    assert Collection.objects.get().rules == {"on_sale": True}
    assert "disabled" in staff.get(change).content.decode()
    assert staff.post(f"{at}/{collection.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Collection.objects.exists()


def test_staff_show_a_category_with_a_picture(staff, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    category = make_category(title="Mugs")
    form = {"title": "Mugs", "slug": category.slug, "description": "", "parent": "", "is_active": "on", "position": 0}
    assert staff.post(f"{ADMIN}/category/{category.pk}/change/", form | {"image": picture()}).status_code == 302
    category.refresh_from_db()
    assert category.image.name.startswith("categories/")


def test_what_a_service_refuses_is_told_in_the_form_which_keeps_what_was_typed(staff):
    variant, tomorrow = make_variant(price="10.00"), timezone.now() + timedelta(days=1)
    planned = make_price_change(variant, starts_at=tomorrow.replace(hour=8, minute=0, second=0, microsecond=0))
    body = {"variants": [variant.pk], "price": "8.77", "ends_at_0": "", "ends_at_1": ""}
    body |= {"starts_at_0": f"{tomorrow:%Y-%m-%d}", "starts_at_1": "08:00:00"}

    taken = staff.post(f"{ADMIN}/plannedprice/add/", body)
    Product.objects.filter(pk=variant.product_id).update(status="archived")
    archived = staff.post(f"{ADMIN}/plannedprice/add/", body | {"starts_at_1": "09:00:00"})

    for answer, message in ((taken, "Another price is planned for this moment."), (archived, "is archived")):
        page = answer.content.decode()
        assert (answer.status_code, message in page, 'value="8.77"' in page) == (200, True, True)
    assert list(taken.context["adminform"].form.errors) == ["starts_at"]
    assert list(PlannedPrice.objects.all()) == [planned]
