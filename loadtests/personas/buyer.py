"""Somebody who buys: as a guest, or with an account."""

from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

from locust import tag, task

from loadtests import checks
from loadtests.personas.account import SHARED, has_expired
from loadtests.personas.carts import Basket
from loadtests.personas.shopper import Answer

ADDRESS = {
    "name": "Load Buyer",
    "line1": "1 Long Lane",
    "city": "London",
    "postal_code": "EC1A 1BB",
    "country": "GB",
}
# Of ten orders so many are sent twice, as by a client that lost the answer; so many are canceled,
# which gives the units back: a shop should not be sold out by its load test.
REPEATED, CANCELED = 0.1, 0.5
NUMBERS = count()


class Buyer(Basket):
    """From the shelf to the placed order; one in three signs in."""

    weight = 2

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        number = next(NUMBERS)
        self.account = SHARED[number // 3 % len(SHARED)] if number % 3 == 0 else None

    @tag("buy")
    @task(8)
    def buy(self) -> None:
        """Look, fill a cart, say where it goes, order, look at the order; some think better of it."""
        self.take_new_cart()
        self.look_at_shelf()
        for _ in range(self.random.randint(1, 4)):
            row = self.some_product(in_stock=True)
            self.look_at_product(row)
            self.add(row, quantity=self.random.randint(1, 2))
        if self.holds:
            self.order(self.say_where())

    @tag("buy")
    @task(1)
    def look_at_own_orders(self) -> None:
        """Of those who have an account."""
        if self.account:
            self.ask_signed_in("GET", "/orders/?limit=10", name="GET /orders/", check=partial(checks.page_of, limit=10))

    def say_where(self) -> Mapping[str, Any]:
        """Give the cart its destination; answers the cart with its final total."""
        delivery = {"country": ADDRESS["country"], "postal_code": ADDRESS["postal_code"]}
        path = f"/carts/{self.cart}/"
        methods = self.ask(
            "GET", f"{path}shipping-methods/?country=GB&postal_code=EC1A", name="GET /carts/{id}/shipping-methods/"
        ).document
        return self.ask(
            "PUT",
            f"{path}delivery/",
            name="PUT /carts/{id}/delivery/",
            body=delivery | {"shipping_method": methods[0]["code"]},
            check=partial(checks.cart, holds=self.holds),
        ).document

    def order(self, cart: Mapping[str, Any]) -> None:
        """Order the cart at the total that was shown."""
        body = {
            "cart": self.cart,
            "email": f"load-{self.cart}@buyers.example",
            "shipping_address": ADDRESS,
            "shipping_method": cart["delivery"]["shipping_method"],
            "payment_provider": "manual",
            "expected_total": cart["grand_total"],
        }
        key = {"Idempotency-Key": str(uuid4())}
        check = partial(checks.order, total=cart["grand_total"], status="pending")
        refusals = {
            "insufficient_stock": partial(checks.shortage, wanted=self.holds),
            "price_changed": lambda problem: checks.money(problem["quote"]["grand_total"]),
        }
        place = partial(
            self.ask_as_buyer, "POST", "/orders/", name="POST /orders/", statuses=(201,), body=body, headers=key
        )
        placed = place(check=check, refusals=refusals)
        if placed.refusal:
            return
        order = placed.document
        if self.random.random() < REPEATED:
            place(check=partial(checks.order, number=order["number"], total=order["grand_total"]))
        self.look_after(order)
        self.take_new_cart()

    def look_after(self, order: Mapping[str, Any]) -> None:
        """Open the placed order; cancel some."""
        path, number = f"/orders/{order['number']}/", order["number"]
        token = {"X-Order-Token": order["access_token"]} if "access_token" in order else {}
        check = partial(checks.order, number=number, total=order["grand_total"])
        self.ask_as_buyer("GET", path, name="GET /orders/{number}/", headers=token, check=check)
        if self.random.random() < CANCELED:
            check = partial(checks.order, number=number, status="canceled")
            self.ask_as_buyer(
                "POST", f"{path}cancel/", name="POST /orders/{number}/cancel/", body={}, headers=token, check=check
            )

    def ask_as_buyer(self, method: str, path: str, **options: Any) -> Answer:
        """Signed in if there is an account, else as a guest."""
        return (self.ask_signed_in if self.account else self.ask)(method, path, **options)

    def ask_signed_in(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Answer:
        """With the account's token; when it has expired, renew it and ask again."""
        access = self.account.token(self)

        def expired(_: Any) -> None:
            checks.require(has_expired(access), "a good token was refused")

        refusals = {**(options.pop("refusals", None) or {})}
        first = self.ask(
            method,
            path,
            headers={**(headers or {}), "Authorization": f"Bearer {access}"},
            refusals=refusals | {"token_not_valid": expired},
            **options,
        )
        if first.refusal != "token_not_valid":
            return first
        access = self.account.renew(self, refused=access)
        return self.ask(
            method,
            path,
            headers={**(headers or {}), "Authorization": f"Bearer {access}"},
            refusals=refusals,
            **options,
        )
