"""Pictures from elsewhere: asked for at once, fetched in the background, once, from the public internet alone."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
import time_machine
from django.utils import timezone
from PIL import Image

from core.accounts.tests.factories import make_staff
from core.errors import Invalid
from core.tests.web_server import web_server
from market.catalog.models import ImageRequest, Product, ProductImage, ProductListing
from market.catalog.services.image_requests import fetch_requested, request_images, take_due_request
from market.catalog.services.imports import (
    AttributeImport,
    ProductImport,
    VariantImport,
    import_product_type,
    import_products,
)
from market.catalog.tests.factories import make_product

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


def picture() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (60, 40), "red").save(buffer, format="PNG")
    return buffer.getvalue()


def fetch_all() -> None:
    while request := take_due_request():
        fetch_requested(request=request)


def states() -> list[tuple]:
    return list(ImageRequest.objects.order_by("pk").values_list("url", "state", "attempts", "last_error"))


def test_pictures_are_fetched_once_and_shown(client_of, settings):
    settings.OUTBOUND_PRIVATE_NETWORKS = ["127.0.0.0/8"]
    staff, product = client_of(make_staff()), make_product()
    at = f"/api/v1/products/{product.pk}/image-requests/"
    with web_server({"/a.png": picture(), "/b.png": picture(), "/page": b"<html>"}) as (address, asked):
        urls = [f"{address}/a.png", f"{address}/b.png", f"{address}/page", f"{address}/a.png"]
        answer = staff.post(at, {"urls": urls, "alt": "A mug"})
        assert (answer.status_code, [row["state"] for row in answer.json()]) == (202, ["pending"] * 3)
        assert asked == []
        fetch_all()
        assert staff.post(at, {"urls": urls[:1]}).json()[0]["state"] == "done"
        fetch_all()
        assert sorted(asked) == ["/a.png", "/b.png", "/page"]
    page = staff.get(f"/api/v1/products/{product.pk}/").json()
    assert [image["alt"] for image in page["images"]] == ["A mug", "A mug"]
    rows = staff.get(at).json()["results"]
    assert [(row["state"], row["last_error"]) for row in rows] == [
        ("failed", "Give a JPEG, PNG or WebP picture."),
        ("done", ""),
        ("done", ""),
    ]


def test_what_may_not_be_asked_fails_for_good_and_what_is_away_later(settings):
    settings.OUTBOUND_PRIVATE_NETWORKS = ["127.0.0.1"]
    urls = ["http://169.254.169.254/latest/", "http://127.0.0.1:9/a.png"]
    request_images(product_id=make_product().pk, urls=urls)
    fetch_all()
    inside, away = states()
    assert inside == (urls[0], "failed", 1, "The address does not lie in the public internet.")
    assert away[1:3] == ("pending", 1)
    for _ in range(settings.DELIVERY_ATTEMPTS):
        with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
            ImageRequest.objects.filter(state="pending").update(due_at=timezone.now())
            fetch_all()
    assert states()[1][1:3] == ("failed", settings.DELIVERY_ATTEMPTS)
    assert not ProductImage.objects.exists()


def test_a_worker_that_died_is_followed_by_another_and_comes_too_late(settings):
    settings.OUTBOUND_PRIVATE_NETWORKS = ["127.0.0.1"]
    with web_server({"/a.png": picture()}) as (address, _):
        request_images(product_id=make_product().pk, urls=[f"{address}/a.png"])
        first = take_due_request()
        assert take_due_request() is None, "within its lease it is his"
        with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
            second = take_due_request()
            fetch_requested(request=second)
        fetch_requested(request=first)
    assert (ProductImage.objects.count(), states()[0][1:]) == (1, ("done", 2, ""))
    ImageRequest.objects.update(state="pending", attempts=settings.DELIVERY_ATTEMPTS)
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        assert take_due_request() is None
    assert states()[0][1] == "failed"


def test_an_import_asks_for_the_pictures_of_new_products_and_holds_attributes_to_their_type():
    import_product_type(slug="mug", title="Mug", attributes=[AttributeImport("size", "Size", "number")])
    variant = VariantImport(sku="M-1", title="", price=Decimal("4.00"))
    mug = ProductImport(
        title="Mug",
        slug="mug",
        category_slug="",
        created_at=timezone.now(),
        variants=(variant,),
        product_type_slug="mug",
        attributes={"size": 9},
        image_urls=("http://pictures.example/1.png", "http://pictures.example/2.png"),
    )
    with pytest.raises(Invalid):
        import_products(products=[replace(mug, attributes={"size": "nine"})])
    assert not Product.objects.exists()
    for products in ([mug], [replace(mug, image_urls=("http://pictures.example/3.png",), attributes={"size": 1})]):
        import_products(products=products)
    assert [row[:2] for row in states()] == [(url, "pending") for url in mug.image_urls]
    assert ProductListing.objects.get().attribute_tokens == ["size=9"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "urls"),
        ({"urls": []}, "urls"),
        ({"urls": "http://pictures.example/a.png"}, "urls"),
        ({"urls": ["no address"]}, "urls.0"),
        ({"urls": ["http://pictures.example/" + "x" * 2000]}, "urls.0"),
        ({"urls": [f"http://pictures.example/{n}" for n in range(21)]}, "urls"),
        ({"urls": ["http://pictures.example/"], "alt": "x" * 201}, "alt"),
    ],
)
def test_a_request_that_cannot_be_used_is_refused_by_field(client_of, body, field):
    staff, product = client_of(make_staff()), make_product()
    answer = staff.post(f"/api/v1/products/{product.pk}/image-requests/", body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert not ImageRequest.objects.exists()
