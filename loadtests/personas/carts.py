"""Shoppers with a cart."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from loadtests import checks
from loadtests.personas.shelves import Window

# A cart holds at most this many lines; a shopper takes a new one before that.
LINES = 50


class Basket(Window):
    """Makes his cart when he needs it first, and knows what must be in it."""

    abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.take_new_cart()

    def take_new_cart(self) -> None:
        """Leave the cart where it stands."""
        self.cart = ""
        self.holds: Counter[int] = Counter()

    def add(self, row: Mapping[str, Any], *, quantity: int) -> Mapping[str, Any] | None:
        """Put units of a product into the cart; answers the cart, None when there are not so many."""
        if not self.cart or len(self.holds) >= LINES:
            self.take_new_cart()
            created = self.ask("POST", "/carts/", name="POST /carts/", statuses=(201,), check=checks.cart, body={})
            self.cart = created.document["id"]
        variant = row["default_variant"]
        wanted = self.holds + Counter({variant: quantity})
        answer = self.ask(
            "POST",
            f"/carts/{self.cart}/items/",
            name="POST /carts/{id}/items/",
            statuses=(201,),
            body={"variant": variant, "quantity": quantity},
            check=partial(checks.cart, holds=wanted),
            refusals={"insufficient_stock": partial(checks.shortage, wanted=wanted)},
        )
        if answer.refusal:
            return None
        self.holds = wanted
        return answer.document
