"""Somebody who only looks."""

from functools import partial
from urllib.parse import parse_qs, urlsplit

from locust import tag, task

from loadtests import checks
from loadtests.personas.shelves import MENU, ORDERINGS, Window

DEPTH = 5


class Browser(Window):
    """Lists by category, price and word, walks some of them deep, opens products, comes back to them."""

    weight = 6

    @tag("browse")
    @task(6)
    def see_a_shelf(self) -> None:
        """Half of the time narrowed by what things cost there."""
        page = self.look_at_shelf()
        if page["results"] and self.random.random() < 0.5:
            prices = sorted(row["price"] for row in page["results"])
            low, high = sorted((self.random.choice(prices), self.random.choice(prices)), key=float)
            category = self.random.choice(list(MENU.read(self)))
            self.look_at_list(
                name="GET /products/?category&min_price&max_price",
                category=category,
                min_price=low,
                max_price=high,
                ordering="price",
            )

    @tag("browse")
    @task(10)
    def see_a_product(self) -> None:
        self.look_at_product(self.some_product())

    @tag("browse")
    @task(2)
    def search(self) -> None:
        """A word of a title, or its beginning."""
        words = [word for word in self.some_product()["title"].split() if word.isalpha() and len(word) > 3]
        if words:
            word = self.random.choice(words).lower()
            self.look_at_list(name="GET /products/?search", search=word[: self.random.randint(4, 12)])

    @tag("browse")
    @task(1)
    def walk_deep(self) -> None:
        """A list by cursor, a few pages down."""
        asked = {"cursor": "", "ordering": self.random.choice(ORDERINGS)}
        for _ in range(self.random.randint(2, DEPTH)):
            page = self.look_at_list(name="GET /products/?cursor", **asked)
            if not page["next"]:
                return
            asked["cursor"] = parse_qs(urlsplit(page["next"]).query)["cursor"][0]

    @tag("browse")
    @task(2)
    def come_back(self) -> None:
        """A product twice, the second time with what a browser has kept of it: nothing new is 304."""
        row = self.some_product()
        check = partial(checks.product_page, seen=row)
        path = f"/products/{row['id']}/"
        kept = self.ask("GET", path, name="GET /products/{id}/", check=check).headers.get("etag", "")
        checks.require(bool(kept), "a product's page has no ETag")
        self.ask(
            "GET",
            path,
            name="GET /products/{id}/ again",
            statuses=(200, 304),
            check=check,
            headers={"If-None-Match": kept},
        )
