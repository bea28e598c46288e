"""Asking for carts over HTTP, and reading the answers, in tests."""

from decimal import Decimal

from market.carts.models import Cart, CartItem
from market.catalog.models import Variant

CARTS = "/api/v1/carts/"


def items_url(cart: Cart, item_id: int | None = None) -> str:
    return f"{CARTS}{cart.pk}/items/" + ("" if item_id is None else f"{item_id}/")


def rows(cart: Cart) -> tuple:
    """All that a refused write must leave as it was."""
    return (
        Cart.objects.filter(pk=cart.pk).values_list().first(),
        list(CartItem.objects.filter(cart_id=cart.pk).order_by("pk").values_list()),
    )


def problem(response) -> tuple[int, str, list[str]]:
    """Status, code and the named fields of a refusal."""
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, body["code"], [error["field"] for error in body.get("errors", [])]


def every_write(client, cart: Cart, variant: Variant) -> list:
    """One of each write to the cart, which has one line."""
    item_id = cart.items.get().pk
    line = {"variant": variant.pk, "quantity": 1}
    return [
        client.post(items_url(cart), line),
        client.put(items_url(cart), {"items": [line]}),
        client.patch(items_url(cart, item_id), {"quantity": 1}),
        client.put(f"{CARTS}{cart.pk}/delivery/", {"country": "GB", "postal_code": "E1"}),
        client.delete(items_url(cart, item_id)),
        client.delete(f"{CARTS}{cart.pk}/"),
    ]


def assert_adds_up(document: dict) -> None:
    """Lines and gifts of a cart are its totals, each line by itself and all together, to the cent."""

    def cents(amount: str) -> int:
        return int(Decimal(amount).scaleb(2))

    for item in document["items"]:
        whole = cents(item["unit_price"]) * item["quantity"]
        assert cents(item["line_total"]) == whole - cents(item["discount_total"]), item
    gifts = sum(cents(gift["unit_price"]) * gift["quantity"] for gift in document["gifts"])
    lines = sum(cents(item["unit_price"]) * item["quantity"] for item in document["items"])
    off = sum(cents(item["discount_total"]) for item in document["items"])
    assert (cents(document["subtotal"]), cents(document["discount_total"])) == (lines + gifts, off + gifts)
