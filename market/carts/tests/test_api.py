"""Carts through HTTP: what buyers do, see and cost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework import serializers as drf

from core.accounts.models import User
from market.carts.api.serializers import CartSerializer
from market.carts.models import Cart, CartItem
from market.carts.tests.asking import CARTS, every_write, items_url, problem
from market.carts.tests.factories import make_cart, make_full_cart, make_offer
from market.catalog.models import Product, ProductImage, Variant
from market.inventory.models import StockItem
from market.shipping.models import ShippingMethod, ShippingStep, ShippingZone, ZoneArea
from market.taxes.models import TaxRate

pytestmark = pytest.mark.django_db


def test_a_buyer_fills_changes_and_empties_a_cart(api_client):
    mug = make_offer(price=Decimal("9.99"), title="Blue", product_title="Mug")
    tea = make_offer(price=Decimal("3.50"))
    ProductImage.objects.create(product=mug.product, image="products/mug.jpg", alt="A mug", is_primary=True)

    made = api_client.post(CARTS)
    url = f"{CARTS}{made.json()['id']}/"
    api_client.post(f"{url}items/", {"variant": mug.pk, "quantity": 2})
    api_client.post(f"{url}items/", {"variant": tea.pk, "quantity": 1})
    added = api_client.post(f"{url}items/", {"variant": mug.pk, "quantity": 1})
    first, second = (item["id"] for item in added.json()["items"])
    changed = api_client.patch(f"{url}items/{second}/", {"quantity": 4})
    removed = api_client.delete(f"{url}items/{first}/")
    left = api_client.get(url).json()
    deleted = api_client.delete(url)

    assert (made.status_code, made.json()["items"], made.json()["grand_total"]) == (201, [], "0.00")
    assert (added.status_code, changed.status_code, removed.status_code, deleted.status_code) == (201, 200, 204, 204)
    item = added.json()["items"][0]
    times = {item.pop("created_at")[-1], item.pop("updated_at")[-1], added.json()["expires_at"][-1]}
    assert times == {"Z"}
    assert item == {
        "id": first,
        "variant": {
            "id": mug.pk,
            "sku": mug.sku,
            "title": "Blue",
            "product": {
                "id": mug.product_id,
                "slug": mug.product.slug,
                "title": "Mug",
                "image": {
                    "url": "/media/products/mug.jpg",
                    "thumbnail": "/media/products/mug-thumbnail.jpg",
                    "alt": "A mug",
                },
            },
        },
        "quantity": 3,
        "unit_price": "9.99",
        "line_total": "29.97",
        "discount_total": "0.00",
        "price_changed": False,
        "available": 100,
    }
    assert (added.json()["item_count"], added.json()["subtotal"], added.json()["currency"]) == (4, "33.47", "GBP")
    assert [(i["quantity"], i["line_total"]) for i in changed.json()["items"]] == [(3, "29.97"), (4, "14.00")]
    assert [(i["id"], i["quantity"]) for i in left["items"]] == [(second, 4)]
    assert api_client.get(url).status_code == 404
    assert not CartItem.objects.exists()


def test_a_cart_may_begin_with_lines_and_have_them_all_replaced(api_client):
    first, second, third = make_offer(), make_offer(), make_offer()

    made = api_client.post(
        CARTS, {"items": [{"variant": first.pk, "quantity": 1}, {"variant": second.pk, "quantity": 2}]}
    ).json()
    url = f"{CARTS}{made['id']}/items/"
    replaced = api_client.put(
        url, {"items": [{"variant": third.pk, "quantity": 5}, {"variant": second.pk, "quantity": 7}]}
    ).json()
    emptied = api_client.put(url, {"items": []})

    assert [(i["variant"]["id"], i["quantity"]) for i in made["items"]] == [(first.pk, 1), (second.pk, 2)]
    assert [(i["variant"]["id"], i["quantity"]) for i in replaced["items"]] == [(second.pk, 7), (third.pk, 5)]
    assert replaced["items"][0]["id"] == made["items"][1]["id"]
    assert (emptied.status_code, emptied.json()["items"]) == (200, [])


def test_shipping_and_tax_are_known_once_a_destination_is(api_client):
    TaxRate.objects.create(name="Germany", country="DE", rate=Decimal("0.1900"))
    ShippingMethod.objects.create(code="express", label="Express", price=Decimal("9.00"), delivery_days=1, position=5)
    cart = make_cart(units={make_offer(price=Decimal("11.90")): 2})
    url = f"{CARTS}{cart.pk}/"
    names = ["shipping_total", "tax_total", "grand_total", "is_estimate", "delivery"]

    def totals(document):
        return [document[name] for name in names]

    before = totals(api_client.get(url).json())
    british = totals(api_client.put(f"{url}delivery/", {"country": "gb", "postal_code": " E1 6AN "}).json())
    german = totals(
        api_client.put(
            f"{url}delivery/",
            {"country": "DE", "region": "Berlin", "postal_code": "10115", "shipping_method": "express"},
        ).json()
    )

    assert before == [None, None, "23.80", True, None]
    # 23.80 / 6 = 3.966… and 4.95 / 6 = 0.825
    delivery = {"country": "GB", "region": "", "postal_code": "E1 6AN", "shipping_method": "standard"}
    delivery["problem"] = None
    assert british == ["4.95", "4.80", "28.75", False, delivery]
    # 23.80 * 19 / 119 = 3.80 and 9.00 * 19 / 119 = 1.436…
    delivery = {"country": "DE", "region": "Berlin", "postal_code": "10115", "shipping_method": "express"}
    delivery["problem"] = None
    assert german == ["9.00", "5.24", "32.80", False, delivery]


def test_tax_comes_on_top_where_prices_do_not_include_it(api_client, settings):
    settings.PRICES_INCLUDE_TAX = False
    cart = make_cart(units={make_offer(price=Decimal("10.00")): 1}, country="GB", postal_code="E1")

    answer = api_client.get(f"{CARTS}{cart.pk}/").json()

    assert (answer["tax_total"], answer["grand_total"]) == ("2.99", "17.94")


def test_a_method_that_is_no_longer_offered_makes_the_cart_an_estimate(api_client):
    ShippingMethod.objects.create(code="express", label="Express", price=9, delivery_days=1)
    cart = make_cart(country="GB", postal_code="E1", shipping_method="express")
    ShippingMethod.objects.filter(code="express").update(is_active=False)

    answer = api_client.get(f"{CARTS}{cart.pk}/").json()

    assert (answer["is_estimate"], answer["shipping_total"]) == (True, None)


def test_a_changed_price_is_told_until_the_buyer_sets_or_adds_to_the_line(api_client):
    variant = make_offer(price=Decimal("10.00"))
    cart = make_cart(units={variant: 1})
    item = cart.items.get()
    Variant.objects.update(price=Decimal("12.00"))

    seen = api_client.get(f"{CARTS}{cart.pk}/").json()["items"][0]
    again = api_client.get(f"{CARTS}{cart.pk}/").json()["items"][0]
    after_set = api_client.patch(items_url(cart, item.pk), {"quantity": 1}).json()["items"][0]
    Variant.objects.update(price=Decimal("13.00"))
    after_add = api_client.post(items_url(cart), {"variant": variant.pk, "quantity": 1}).json()["items"][0]

    shown = [(i["unit_price"], i["line_total"], i["price_changed"]) for i in (seen, again, after_set, after_add)]
    assert shown == [
        ("12.00", "12.00", True),
        ("12.00", "12.00", True),
        ("12.00", "12.00", False),
        ("13.00", "26.00", False),
    ]


def test_a_line_shows_what_stock_has_now(api_client):
    short, gone, archived = make_offer(available=9), make_offer(), make_offer()
    cart = make_cart(units={short: 9, gone: 1, archived: 1})
    StockItem.objects.filter(variant=short).update(reserved=5)
    Variant.objects.filter(pk=gone.pk).update(is_active=False)
    Product.objects.filter(pk=archived.product_id).update(status=Product.Status.ARCHIVED)

    answer = api_client.get(f"{CARTS}{cart.pk}/").json()

    assert [(i["quantity"], i["available"]) for i in answer["items"]] == [(9, 4), (1, 0), (1, 0)]


def test_every_write_raises_the_version_and_prolongs_the_life(api_client):
    variant = make_offer()
    cart = make_cart(units={variant: 1}, expires_at=timezone.now() + timedelta(minutes=1))
    *kept, _ = every_write(api_client, cart, variant)

    assert [response.status_code for response in kept] == [201, 200, 200, 200, 204]

    cart = make_cart(units={variant: 1}, expires_at=timezone.now() + timedelta(minutes=1))
    api_client.post(items_url(cart), {"variant": variant.pk, "quantity": 1})
    cart.refresh_from_db()
    assert cart.version == 1
    assert cart.expires_at > timezone.now() + settings.CART_LIFETIME - timedelta(minutes=1)


def test_a_claimed_cart_answers_to_its_customer(client_of):
    owner = User.objects.create_user("ada@example.com", "correct horse battery")
    variant = make_offer()
    cart = make_cart(units={variant: 1}, customer=owner.customer)

    read = client_of(owner).get(f"{CARTS}{cart.pk}/")
    writes = every_write(client_of(owner), cart, variant)

    assert read.status_code == 200
    assert [answer.status_code for answer in writes] == [201, 200, 200, 200, 204, 204]


def test_shipping_methods_of_a_destination(api_client):
    ShippingMethod.objects.create(code="express", label="Express", price=9, delivery_days=1, position=5)
    cart = make_cart()
    url = f"{CARTS}{cart.pk}/shipping-methods/"

    unknown, bad = api_client.get(url), api_client.get(url, {"country": "XX"})
    asked = api_client.get(url, {"country": "GB", "postal_code": "E1"})
    Cart.objects.update(country="DE", postal_code="10115")

    assert problem(unknown) == problem(bad) == (400, "invalid", ["country"])
    assert asked.json() == [
        {
            "code": "standard",
            "label": "Standard delivery",
            "price": "4.95",
            "currency": "GBP",
            "delivery_days": 3,
            "delivery_days_most": 3,
            "problem": None,
        },
        {
            "code": "express",
            "label": "Express",
            "price": "9.00",
            "currency": "GBP",
            "delivery_days": 1,
            "delivery_days_most": 1,
            "problem": None,
        },
    ]
    assert api_client.get(url).json() == asked.json()


def test_zones_weight_and_class_make_the_price(api_client):
    zone = ShippingZone.objects.create(name="Highlands")
    ZoneArea.objects.create(zone=zone, country="GB", postal_patterns="IV*")
    ShippingMethod.objects.update(is_active=False)
    van = ShippingMethod.objects.create(
        code="van", label="Van", kind="by_weight", price=5, max_weight_grams=3000, delivery_days=1
    )
    van.zones.add(zone)
    ShippingStep.objects.create(method=van, at_least=2000, price=8)
    TaxRate.objects.create(name="Books", tax_class="books", country="GB", rate="0.0000")
    book, mug = make_offer(price=Decimal("12.00"), weight_grams=900), make_offer(price=Decimal("6.00"))
    Product.objects.filter(pk=book.product_id).update(tax_class="books")
    cart = make_cart(units={book: 1, mug: 1})
    url = f"{CARTS}{cart.pk}/"

    def sent_to(postal_code):
        answer = api_client.put(f"{url}delivery/", {"country": "GB", "postal_code": postal_code}).json()
        problem = answer["delivery"]["problem"]
        return answer["shipping_total"], answer["tax_total"], problem and problem["code"]

    assert sent_to("IV1 1AA") == ("5.00", "1.83", None)  # 6.00 / 6 and 5.00 / 6; nothing on the book
    assert sent_to("E1 6AN") == (None, None, "not_sent_there")
    api_client.post(items_url(cart), {"variant": book.pk, "quantity": 2})
    assert sent_to("IV1 1AA") == ("8.00", "2.33", None)
    api_client.post(items_url(cart), {"variant": book.pk, "quantity": 1})
    assert sent_to("IV1 1AA") == (None, None, "too_heavy")

    asked = {"country": "GB", "postal_code": "IV1"}
    assert api_client.get(f"{url}shipping-methods/", asked).json() == []
    [offered] = api_client.get(f"{url}shipping-methods/", asked | {"all": "1"}).json()
    assert (offered["price"], offered["problem"]) == (
        None,
        {"code": "too_heavy", "message": "Van takes 3 kg at most; this weighs 3.6 kg."},
    )


def test_what_staff_change_shows_at_once_and_costs_one_statement_more(api_client, count_statements):
    cart = make_cart(units={make_offer(): 1}, country="GB", postal_code="E1")
    spent = []
    for price in ("1.00", "2.00"):
        with count_statements() as statements:
            ShippingMethod.objects.update(price=price)
            shown = [api_client.get(f"{CARTS}{cart.pk}/").json()["shipping_total"] for _ in range(2)]
        spent.append((shown, len(statements) - 1))
    assert spent == [(["1.00"] * 2, 3), (["2.00"] * 2, 3)]


@pytest.mark.parametrize("lines", [1, 10, 50])
def test_statements_are_few_and_the_same_for_every_size(api_client, count_statements, lines):
    cart = make_full_cart(lines=lines, country="GB", postal_code="E1")
    old, new = cart.items.first(), make_offer()
    wanted = [{"variant": v, "quantity": 2} for v in cart.items.values_list("variant_id", flat=True)]
    calls = {
        "read": (1, lambda: api_client.get(f"{CARTS}{cart.pk}/")),
        "add": (2, lambda: api_client.post(items_url(cart), {"variant": new.pk, "quantity": 1})),
        "add again": (2, lambda: api_client.post(items_url(cart), {"variant": old.variant_id, "quantity": 1})),
        "set": (2, lambda: api_client.patch(items_url(cart, old.pk), {"quantity": 3})),
        "replace": (4, lambda: api_client.put(items_url(cart), {"items": wanted})),
        "create": (4, lambda: api_client.post(CARTS, {"items": wanted})),
        "remove": (1, lambda: api_client.delete(items_url(cart, old.pk))),
        "refused": (4, lambda: api_client.post(items_url(cart), {"variant": new.pk, "quantity": 9_999})),
    }

    for name, (expected, call) in calls.items():
        with count_statements() as statements:
            response = call()
        assert response.status_code in ({409} if name == "refused" else {200, 201, 204}), name
        assert len(statements) == expected, (name, statements)


def shape(serializer: drf.BaseSerializer):
    """Field names of a serializer, nested."""
    if isinstance(serializer, drf.ListSerializer):
        return [shape(serializer.child)]
    if isinstance(serializer, drf.Serializer):
        return {name: shape(field) for name, field in serializer.fields.items()}
    return None


def shape_of(document, like):
    if isinstance(like, list):
        return [shape_of(part, like[0]) for part in document] or like
    return {name: shape_of(document[name], like.get(name)) for name in document} if isinstance(like, dict) else None


def test_the_document_is_the_one_in_the_schema(api_client):
    cart = make_cart(units={make_offer(weight_grams=2): 1}, country="GB", postal_code="E1")
    ProductImage.objects.create(product=cart.items.get().variant.product, image="a.jpg")
    ShippingMethod.objects.update(max_weight_grams=1)  # so that there is a problem to show

    answer = api_client.get(f"{CARTS}{cart.pk}/")

    expected = shape(CartSerializer())
    assert shape_of(answer.json(), expected) == expected
    assert answer["Cache-Control"] == "private, no-store"


def test_envelope_on_request(api_client):
    cart = make_cart()

    answer = api_client.get(f"{CARTS}{cart.pk}/", headers={"accept": "application/vnd.storefront.envelope+json"})

    assert (answer.json()["success"], answer.json()["data"]["id"]) == (True, str(cart.pk))
