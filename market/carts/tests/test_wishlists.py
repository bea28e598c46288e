"""Wishlists through HTTP: one's own, bounded, twice is once, and on into the cart."""

from functools import partial

import pytest
from django.db import connections

from market.carts.models import Cart, CartItem, Wishlist, WishlistItem
from market.carts.services import wishlists as services
from market.carts.tests.asking import problem
from market.carts.tests.factories import make_cart, make_offer, make_wishlist
from market.catalog.models import Product, ProductImage, Variant
from market.orders.tests.factories import make_buyer
from tests.parallel import in_parallel

WISHLISTS = "/api/v1/wishlists/"
pytestmark = pytest.mark.django_db


def test_a_customer_keeps_wishlists(client_of):
    ada = client_of(make_buyer())
    mug = make_offer(title="Blue", product_title="Mug")
    ProductImage.objects.create(product=mug.product, image="products/mug.jpg", alt="A mug", is_primary=True)

    made = ada.post(WISHLISTS, {"title": "Birthday"})
    again = ada.post(WISHLISTS, {"title": "Birthday"})
    url = f"{WISHLISTS}{made.json()['id']}/"
    added, twice = (ada.post(f"{url}items/", {"variant": mug.pk}) for _ in range(2))
    renamed = ada.patch(url, {"title": "Christmas"})
    shown = ada.get(f"{url}items/").json()["results"]

    assert [answer.status_code for answer in (made, again, added, twice, renamed)] == [201, 200, 201, 200, 200]
    assert made.json()["id"] == again.json()["id"]
    assert (made.json()["item_count"], renamed.json()["item_count"], renamed.json()["title"]) == (0, 1, "Christmas")
    assert [row["title"] for row in ada.get(WISHLISTS).json()["results"]] == ["Christmas"]
    assert shown == [added.json()] == [twice.json()]
    item = shown[0]
    assert item.pop("created_at").endswith("Z")
    assert item == {
        "id": item["id"],
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
        "currency": "GBP",
        "price": "10.00",
        "is_available": True,
        "in_stock": True,
    }
    item_url = f"{url}items/{item['id']}/"
    assert [ada.delete(item_url).status_code, ada.delete(item_url).status_code] == [204, 404]
    assert [ada.delete(url).status_code, ada.get(url).status_code] == [204, 404]
    assert not WishlistItem.objects.exists()


def test_what_is_not_for_sale_is_shown_as_unavailable(client_of):
    ada = make_buyer()
    archived, inactive, sold_out = make_offer(), make_offer(), make_offer(available=0)
    wishlist = make_wishlist(customer=ada.customer, variants=[archived, inactive, sold_out])
    Product.objects.filter(pk=archived.product_id).update(status=Product.Status.ARCHIVED)
    Variant.objects.filter(pk=inactive.pk).update(is_active=False)

    shown = client_of(ada).get(f"{WISHLISTS}{wishlist.pk}/items/").json()["results"]

    names = ("is_available", "in_stock", "price")
    assert [tuple(row[name] for name in names) for row in shown] == [
        (False, False, None),
        (False, False, None),
        (True, False, "10.00"),
    ]


def test_a_refused_write_names_its_field_and_changes_nothing(client_of, monkeypatch):
    monkeypatch.setattr(services, "MAX_WISHLISTS", 2)
    monkeypatch.setattr(services, "MAX_WISHLIST_ITEMS", 1)
    user, offer, other, draft = make_buyer(), make_offer(), make_offer(), make_offer(status=Product.Status.DRAFT)
    full = make_wishlist(customer=user.customer, variants=[offer], title="Full")
    empty = make_wishlist(customer=user.customer, title="Empty")
    before = list(Wishlist.objects.order_by("pk").values()), list(WishlistItem.objects.values())
    ada = client_of(user)
    items = f"{WISHLISTS}{empty.pk}/items/"

    refused = [
        problem(ada.post(WISHLISTS, {"title": title}, format="json"))
        for title in ("", "x" * 201, "two\nlines", None, {"a": 1}, "third")
    ]
    refused += [problem(ada.post(items, {"variant": value}, format="json")) for value in (0, -1, 2**63, "x", draft.pk)]
    refused.append(problem(ada.post(items, {}, format="json")))
    refused.append(problem(ada.post(f"{WISHLISTS}{full.pk}/items/", {"variant": other.pk}, format="json")))
    refused.append(problem(ada.patch(f"{WISHLISTS}{empty.pk}/", {"title": "Full"}, format="json")))

    assert refused == [
        *[(400, "invalid", ["title"])] * 5,
        (409, "too_many_wishlists", []),
        *[(400, "invalid", ["variant"])] * 6,
        (409, "too_many_wishlist_items", []),
        (409, "wishlist_exists", []),
    ]
    assert before == (list(Wishlist.objects.order_by("pk").values()), list(WishlistItem.objects.values()))


def test_an_item_moves_into_the_cart_once_or_stays_where_it_is(client_of):
    user, offer, scarce = make_buyer(), make_offer(), make_offer(available=1)
    wishlist, cart = make_wishlist(customer=user.customer, variants=[offer, scarce]), make_cart()
    ada = client_of(user)
    first, second = (
        f"{WISHLISTS}{wishlist.pk}/items/{item.pk}/move-to-cart/" for item in wishlist.items.order_by("pk")
    )

    moved = ada.post(first, {"cart": str(cart.pk), "quantity": 3})
    again = ada.post(first, {"cart": str(cart.pk), "quantity": 3})
    too_many = ada.post(second, {"cart": str(cart.pk), "quantity": 2})
    nowhere = ada.post(second, {"cart": "00000000-0000-4000-8000-000000000000"})
    Variant.objects.filter(pk=scarce.pk).update(is_active=False)
    not_for_sale = ada.post(second, {"cart": str(cart.pk)})

    assert (moved.status_code, moved.json()["item_count"]) == (200, 3)
    refused = [problem(answer)[:2] for answer in (again, too_many, nowhere, not_for_sale)]
    assert refused == [
        (404, "wishlist_item_not_found"),
        (409, "insufficient_stock"),
        (404, "cart_not_found"),
        (409, "not_for_sale"),
    ]
    assert list(CartItem.objects.values_list("variant_id", "quantity")) == [(offer.pk, 3)]
    assert wishlist.items.get().variant_id == scarce.pk


@pytest.mark.parametrize("rows", [1, 20, 100])
def test_lists_cost_the_same_however_long(client_of, count_statements, rows):
    user = make_buyer()
    product = make_offer().product
    variants = Variant.objects.bulk_create(
        Variant(product=product, sku=f"W{number}", price="1.00") for number in range(rows)
    )
    wishlist = make_wishlist(customer=user.customer, variants=variants, title="0")
    Wishlist.objects.bulk_create(Wishlist(customer=user.customer, title=str(n)) for n in range(1, rows))
    ada = client_of(user)

    for url, statements in [(WISHLISTS, 3), (f"{WISHLISTS}{wishlist.pk}/items/", 4)]:
        with count_statements() as found:
            answer = ada.get(url, {"limit": 100})
        # The user, the wishlist of items, the count, the page.
        assert (len(answer.json()["results"]), len(found)) == (rows, statements), found


@pytest.mark.django_db(transaction=True)
def test_of_many_devices_at_once_each_wish_counts_once(monkeypatch):
    monkeypatch.setattr(services, "MAX_WISHLIST_ITEMS", 3)
    user, offers, cart = make_buyer(), [make_offer() for _ in range(5)], make_cart()
    wishlist, moving = (make_wishlist(customer=user.customer, title=title) for title in ("some", "one"))
    item = WishlistItem.objects.create(wishlist=moving, variant=offers[0])
    customer_id, cart_id = user.customer.pk, cart.pk

    def ending(call):
        try:
            call()
        except (services.TooManyWishlistItems, services.WishlistItemNotFound) as refusal:
            return refusal.code
        finally:
            connections.close_all()

    add = partial(services.add_wishlist_item, customer_id=customer_id, wishlist_id=wishlist.pk)
    move = partial(
        services.move_item_to_cart,
        customer_id=customer_id,
        user_id=user.pk,
        wishlist_id=moving.pk,
        item_id=item.pk,
        cart_id=cart_id,
        quantity=1,
    )
    calls = [partial(add, variant_id=offer.pk) for offer in offers] + [move] * 3
    endings = in_parallel([partial(ending, call) for call in calls])

    assert sorted(map(str, endings)) == [
        *["None"] * 4,
        *["too_many_wishlist_items"] * 2,
        *["wishlist_item_not_found"] * 2,
    ]
    assert wishlist.items.count() == 3
    assert (CartItem.objects.get().quantity, Cart.objects.get().version) == (1, 1)
