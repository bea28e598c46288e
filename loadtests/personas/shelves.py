"""What a shopper can know of the catalog by looking: its menu, and the products he came by."""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

from gevent.lock import RLock

from loadtests import checks
from loadtests.personas.shopper import Shopper

LIMIT = 20
REMEMBERED = 60
ORDERINGS = ("price", "-price", "-created_at", "popularity", "title")


class Menu:
    """The categories by slug, each with the ids of itself and all below; read once per process."""

    def __init__(self) -> None:
        self.ids_below: dict[str, set[int]] = {}
        self._lock = RLock()

    def read(self, shopper: Shopper) -> Mapping[str, set[int]]:
        """The menu; the first shopper who wants it fetches it."""
        with self._lock:
            if not self.ids_below:
                self.ids_below = below(fetch_categories(shopper))
        return self.ids_below


def fetch_categories(shopper: Shopper) -> list[Mapping[str, Any]]:
    """All categories, page by page, parents before their children."""
    rows: list[Mapping[str, Any]] = []
    while True:
        path = f"/categories/?flat=1&limit=100&offset={len(rows)}"
        document = shopper.ask("GET", path, name="GET /categories/", check=partial(checks.page_of, limit=100)).document
        rows += document["results"]
        if not document["next"] or not document["results"]:
            return rows


def below(categories: list[Mapping[str, Any]]) -> dict[str, set[int]]:
    """Slug → the ids of a category and all below it, from rows with parents first."""
    found = {row["slug"]: {row["id"]} for row in categories}
    by_id = {row["id"]: row for row in categories}
    for row in categories:
        above = by_id.get(row["parent"])
        while above is not None:
            found[above["slug"]].add(row["id"])
            above = by_id.get(above["parent"])
    return found


MENU = Menu()


class Window(Shopper):
    """A shopper who looks at lists and products, and remembers what he saw."""

    abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen: deque[Mapping[str, Any]] = deque(maxlen=REMEMBERED)

    def look_at_list(self, *, name: str, **filters: Any) -> Mapping[str, Any]:
        """One page of products; `filters` are those of the API."""
        asked = {"limit": LIMIT, **filters}
        check = partial(
            checks.product_list,
            limit=asked["limit"],
            ordering=asked.get("ordering", ""),
            category_ids=MENU.read(self)[asked["category"]] if "category" in asked else (),
            min_price=None if "min_price" not in asked else Decimal(asked["min_price"]),
            max_price=None if "max_price" not in asked else Decimal(asked["max_price"]),
            in_stock=None if "in_stock" not in asked else asked["in_stock"] == "true",
        )
        document = self.ask("GET", f"/products/?{urlencode(asked)}", name=name, check=check).document
        self.seen.extend(document["results"])
        return document

    def look_at_shelf(self) -> Mapping[str, Any]:
        """A category in some order, as a shopper picks one from the menu."""
        category = self.random.choice(list(MENU.read(self)))
        return self.look_at_list(
            name="GET /products/?category", category=category, ordering=self.random.choice(ORDERINGS)
        )

    def some_product(self, *, in_stock: bool = False) -> Mapping[str, Any]:
        """A product seen before, the latest more likely; looks at a list when there is none."""
        while True:
            rows = [row for row in self.seen if row["in_stock"] or not in_stock]
            if rows:
                return rows[-1 - int(len(rows) * self.random.random() ** 2)]
            self.look_at_list(name="GET /products/", in_stock="true", ordering=self.random.choice(ORDERINGS))
            if not any(row["in_stock"] for row in self.seen):
                raise checks.WrongAnswer("the shop has nothing in stock: seed or import a catalog first")

    def look_at_product(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A product's page."""
        check = partial(checks.product_page, seen=row)
        return self.ask("GET", f"/products/{row['id']}/", name="GET /products/{id}/", check=check).document
