"""What the clients of a random walk know of the shop: one world that all of them share and change."""

import random
import threading
from collections import defaultdict
from typing import Any

NOBODY = "00000000-0000-0000-0000-000000000001"
# What a path gets as long as there is nothing of its kind: it leads to a 404.
NOTHING = {
    "product": {"product_id": 1, "slug": "nothing"},
    "variant": {"product_id": 1, "pk": 1, "variant_id": 1},
    "image": {"product_id": 1, "pk": 1},
    "document": {"product_id": 1, "pk": 1},
    "category": {"pk": 1, "slug": "nothing"},
    "review": {"pk": 1},
    "cart": {"cart_id": NOBODY},
    "full cart": {"cart_id": NOBODY},
    "line": {"cart_id": NOBODY, "item_id": 1},
    "order": {"number": "AAAA-AAAA-AA"},
    "payment": {"pk": NOBODY},
    "run": {"run_id": NOBODY},
    "file": {"id": NOBODY},
    "session": {"refresh": "none"},
    "wishlist": {"wishlist_id": 1},
    "wish": {"wishlist_id": 1, "wishlist_item_id": 1},
    "address": {"pk": 1},
    "customer": {"pk": 1, "customer_id": 1},
    "product type": {"pk": 1, "product_type_id": 1},
    "attribute": {"product_type_id": 1, "pk": 1},
    "collection": {"pk": 1},
    "price change": {"pk": 1},
    "promotion": {"promotion_id": 1},
    "coupon": {"promotion_id": 1, "coupon_id": 1},
    "simulation": {"pk": NOBODY},
    **{kind: {"pk": 0, "price_list_id": 0} for kind in ("zone", "method", "rate", "price list")},
}
# Clients meet at what is newest; older things are left in peace.
REMEMBERED = 24


class World:
    """Things by kind, each a dict of what a path, a header or a body says of it."""

    def __init__(self) -> None:
        self._things: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._writing = threading.Lock()

    def remember(self, kind: str, **thing: Any) -> None:
        with self._writing:
            known = self._things[kind]
            if thing not in known:
                known.append(thing)
            del known[:-REMEMBERED]

    def forget(self, kind: str, thing: dict[str, Any]) -> None:
        """It is gone. Who is just about to ask for it will see."""
        with self._writing:
            if thing in self._things[kind]:
                self._things[kind].remove(thing)

    def some(self, kind: str, dice: random.Random) -> dict[str, Any]:
        """One of what is known, chosen by the caller's dice."""
        with self._writing:
            known = list(self._things[kind])
        return dice.choice(known) if known else NOTHING[kind]
