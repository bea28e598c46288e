"""The steps of shopping whose cost is measured one by one, each with what has to be there before it."""

import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from random import Random
from typing import Any

import requests

from loadtests.checks import WrongAnswer

API = "/api/v1"
LINES = 3
ADDRESS = {
    "name": "Scale Buyer",
    "line1": "1 Long Lane",
    "city": "London",
    "postal_code": "EC1A 1BB",
    "country": "GB",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and the statuses that are right."""

    method: str
    path: str
    statuses: Collection[int]
    body: Any = None


class Client:
    """A shopper of one shop with one connection."""

    def __init__(self, url: str, *, token: str, products: int, seed: int) -> None:
        self.url = url
        self.products = products
        self.random = Random(seed)
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers.update({"X-Loadtest-Token": token, "Accept": "application/json"})
        self.categories = self._all_categories()

    def send(self, request: Request) -> requests.Response:
        """The answer, which has one of the right statuses."""
        answer = self.http.request(request.method, f"{self.url}{API}{request.path}", json=request.body, timeout=120)
        if answer.status_code not in request.statuses:
            raise WrongAnswer(f"{request.method} {request.path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def list_by_category(self) -> Request:
        """A shelf, or all that lies below a department, cheapest first."""
        category = self.random.choice(self.categories)
        return Request("GET", f"/products/?category={category}&ordering=price", (200,))

    def list_by_category_and_price(self) -> Request:
        """The same within a range of prices."""
        category, low = self.random.choice(self.categories), self.random.randint(1, 60)
        high = low + self.random.randint(5, 40)
        path = f"/products/?category={category}&min_price={low}&max_price={high}&ordering=price"
        return Request("GET", path, (200,))

    def detail(self) -> Request:
        """Any product of the catalog; one in sixteen is a draft or archived."""
        return Request("GET", f"/products/{self._some_product()}/", (200, 404))

    def new_cart(self) -> str:
        """The id of an empty cart."""
        return self.send(Request("POST", "/carts/", (201,), {})).json()["id"]

    def add_to_cart(self, cart: str) -> Request:
        """Any variant of the catalog; some are sold out or not for sale."""
        body = {"variant": self._some_product(), "quantity": 1}
        return Request("POST", f"/carts/{cart}/items/", (201, 400, 409), body)

    def checkout(self) -> Request:
        """An order of three lines, which are in their cart by now."""
        cart, lines = self.new_cart(), 0
        while lines < LINES:
            lines += self.send(self.add_to_cart(cart)).status_code == 201
        body = {
            "cart": cart,
            "email": f"scale-{cart}@buyers.example",
            "shipping_address": ADDRESS,
            "shipping_method": "standard",
            "payment_provider": "manual",
        }
        # Of two carts prepared for a turn the first may get the last unit.
        return Request("POST", "/orders/", (201, 409), body)

    def adds(self, count: int) -> list[Request]:
        """So many additions, five to a cart."""
        carts = itertools.chain.from_iterable([self.new_cart()] * 5 for _ in range(count // 5 + 1))
        return [self.add_to_cart(cart) for cart, _ in zip(carts, range(count), strict=False)]

    def _some_product(self) -> int:
        return self.random.randint(1, self.products)

    def _all_categories(self) -> list[str]:
        slugs: list[str] = []
        while True:
            page = self.send(Request("GET", f"/categories/?flat=1&limit=100&offset={len(slugs)}", (200,))).json()
            slugs += [row["slug"] for row in page["results"]]
            if not page["next"]:
                return slugs


# Name → so many requests of that kind, prepared.
Journey = Callable[[Client, int], list[Request]]
JOURNEYS: dict[str, Journey] = {
    "list by category": lambda client, count: [client.list_by_category() for _ in range(count)],
    "list by category and price": lambda client, count: [client.list_by_category_and_price() for _ in range(count)],
    "detail": lambda client, count: [client.detail() for _ in range(count)],
    "add to cart": lambda client, count: client.adds(count),
    "checkout of 3 lines": lambda client, count: [client.checkout() for _ in range(count)],
}
