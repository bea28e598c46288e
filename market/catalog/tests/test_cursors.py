"""Each list of the catalog can be walked by cursor, there and back, and says so to who skips too deep."""

from collections.abc import Callable

import pytest

from core.accounts.tests.factories import make_staff
from market.catalog.models import Category, Collection, ImageRequest, Product, ProductImage, ProductType, Variant
from market.catalog.services.searching import walk_catalog
from market.catalog.tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db
URL = "/api/v1"
# Twice the same position and title, so that the id decides.
PLACES = [0, 1, 1, 2, 1]


def collections(product: Product) -> str:
    Collection.objects.bulk_create(
        Collection(title="Gifts", slug=f"gifts-{n}", position=place) for n, place in enumerate(PLACES)
    )
    return "collections/?"


def product_types(product: Product) -> str:
    ProductType.objects.bulk_create(ProductType(title=f"Type {place}", slug=f"t-{n}") for n, place in enumerate(PLACES))
    return "product-types/?"


def variants(product: Product) -> str:
    Variant.objects.bulk_create(
        Variant(product=product, sku=f"V-{n}", price=1, position=place) for n, place in enumerate(PLACES)
    )
    return f"products/{product.pk}/variants/?"


def images(product: Product) -> str:
    ProductImage.objects.bulk_create(
        ProductImage(product=product, image=f"products/{n}.png", position=place) for n, place in enumerate(PLACES)
    )
    return f"products/{product.pk}/images/?"


def image_requests(product: Product) -> str:
    ImageRequest.objects.bulk_create(
        ImageRequest(product=product, url=f"https://pictures.example/{n}") for n in range(5)
    )
    return f"products/{product.pk}/image-requests/?"


def categories(product: Product) -> str:
    for place in PLACES:
        make_category(title="Shelf", position=place)
    make_category(title="Below", parent=Category.objects.first())
    return "categories/?"


def flat_categories(product: Product) -> str:
    return categories(product) + "flat=1&"


LISTS = [collections, product_types, variants, images, image_requests, categories, flat_categories]


def ids(answer: dict) -> list[int]:
    return [row["id"] for row in answer["results"]]


@pytest.mark.parametrize("fill", LISTS, ids=lambda fill: fill.__name__)
def test_a_list_is_walked_by_cursor_there_and_back(client_of, fill: Callable[[Product], str]):
    path, client = f"{URL}/{fill(make_product())}", client_of(make_staff())
    whole = ids(client.get(path).json())
    assert len(whole) >= 4
    there, url = [], f"{path}limit=2&cursor="
    while url:
        last = client.get(url).json()
        assert (last["count"], last["count_is_exact"]) == (None, False)
        there += [ids(last)]
        url = last["next"]
    assert [pk for page in there for pk in page] == whole
    back = [ids(last)]
    while url := last["previous"]:
        last = client.get(url).json()
        back += [ids(last)]
    assert back == there[::-1]
    foreign = client.get(f"{path}cursor=elsewhere")
    assert (foreign.status_code, foreign.json()["errors"][0]["field"]) == (400, "cursor")
    deep = client.get(f"{path}offset=10001").json()
    assert (deep["code"], "cursor=" in deep["detail"]) == ("offset_too_deep", True)


def test_a_walk_through_the_categories_goes_on_where_one_is_gone(api_client):
    shelves = [make_category(title=f"Shelf {n}") for n in range(4)]
    page = api_client.get(f"{URL}/categories/?limit=2&cursor=").json()
    shelves[1].delete()
    assert ids(api_client.get(page["next"]).json()) == [shelf.pk for shelf in shelves[2:]]


def test_a_cursor_of_another_list_is_refused(api_client):
    """Also where both are walked in an order of the same name."""
    shelf = make_category()
    mugs = [make_product(title="Mug", category=shelf) for _ in range(4)]
    walk_catalog(batches=10)
    search, related = (
        f"{URL}/products/?search=mug&limit=1&cursor=",
        f"{URL}/products/{mugs[0].pk}/related/?limit=1&cursor=",
    )
    for list_, other in ((search, related), (related, search)):
        cursor = api_client.get(list_).json()["next"].split("cursor=")[1].split("&")[0]
        answer = api_client.get(other + cursor)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["cursor"])


def test_who_skips_too_deep_is_told_of_what_the_list_has(client_of):
    client = client_of(make_staff())
    advice = {
        "products": "; walk the list with cursor= and the links it answers.",
        "orders": "; narrow the list by its filters.",
        "notifications": ".",
    }
    for path, told in advice.items():
        answer = client.get(f"{URL}/{path}/?offset=10001").json()
        assert (answer["code"], answer["detail"]) == (
            "offset_too_deep",
            f"No more than 10000 rows can be skipped{told}",
        )
