"""The steps of shopping whose cost is measured one by one, each with what has to be there before it."""

import itertools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

import requests

from loadtests.checks import WrongAnswer

API = "/api/v1"
LINES = 3
SKU_SHARE, MISSPELT_SHARE, UNFINISHED_SHARE = 0.1, 0.2, 0.2
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

    def search(self) -> Request:
        """A page of what is found by words of some product's title: one or two in any order, unfinished, misspelt."""
        return Request("GET", f"/products/?search={quote(self.some_words())}", (200,))

    def facets_of_search(self) -> Request:
        """What such a search can be narrowed by."""
        return Request("GET", f"/products/facets/?search={quote(self.some_words())}", (200,))

    def facets_of_category(self) -> Request:
        """What a shelf, or all that lies below a department, can be narrowed by."""
        return Request("GET", f"/products/facets/?category={self.random.choice(self.categories)}", (200,))

    def facets_of_category_and_price(self) -> Request:
        """The same within a range of prices."""
        return Request(
            "GET", self.list_by_category_and_price().path.replace("/?", "/facets/?").split("&ordering")[0], (200,)
        )

    def suggest(self) -> Request:
        """What a search box proposes after some letters of a title."""
        title = self.some_title()
        return Request("GET", f"/products/suggest/?q={quote(title[: self.random.randint(2, len(title))])}", (200,))

    def some_title(self) -> str:
        """The title of a product that is for sale."""
        while True:
            answer = self.send(self.detail())
            if answer.status_code == 200:
                return answer.json()["title"]

    def some_words(self) -> str:
        """What a shopper may type who looks for that product; one in ten has its SKU."""
        whim = self.random.random()
        if whim < SKU_SHARE:
            return f"S42-{self._some_product() - 1:08}-0"
        words = self.some_title().split()
        chosen = self.random.sample(words, self.random.choice((1, 2)))
        if whim < SKU_SHARE + MISSPELT_SHARE:
            return " ".join([*chosen[:-1], misspelt(chosen[-1], self.random)])
        if whim < SKU_SHARE + MISSPELT_SHARE + UNFINISHED_SHARE:
            return " ".join([*chosen[:-1], chosen[-1][:3]])
        return " ".join(chosen)

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


def misspelt(word: str, dice: Random) -> str:
    """The word with two of its letters in the wrong order."""
    place = dice.randint(0, len(word) - 2)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


# Name → so many requests of that kind, prepared.
Journey = Callable[[Client, int], list[Request]]
JOURNEYS: dict[str, Journey] = {
    "list by category": lambda client, count: [client.list_by_category() for _ in range(count)],
    "list by category and price": lambda client, count: [client.list_by_category_and_price() for _ in range(count)],
    "search page": lambda client, count: [client.search() for _ in range(count)],
    "facets of a category": lambda client, count: [client.facets_of_category() for _ in range(count)],
    "facets of a category and price": lambda client, count: [
        client.facets_of_category_and_price() for _ in range(count)
    ],
    "facets of a search": lambda client, count: [client.facets_of_search() for _ in range(count)],
    "suggestions": lambda client, count: [client.suggest() for _ in range(count)],
    "detail": lambda client, count: [client.detail() for _ in range(count)],
    "add to cart": lambda client, count: client.adds(count),
    "checkout of 3 lines": lambda client, count: [client.checkout() for _ in range(count)],
}
SEARCH_JOURNEYS = {
    *("search page", "facets of a category", "facets of a category and price", "facets of a search"),
    "suggestions",
}
