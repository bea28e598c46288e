"""Customers who order with an Idempotency-Key and repeat a request until its answer is final."""

import threading
import time
import uuid
from dataclasses import dataclass

import requests

from tests.running import WAIT_SECONDS, Client, RunningShop

ADDRESS = {"name": "Ada Buyer", "line1": "1 Long Lane", "city": "London", "postal_code": "EC1A 1BB", "country": "GB"}
TRY_AGAIN = {"idempotency_in_progress", "cart_changing"}


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer: when it was asked for and came, on the monotonic clock."""

    began: float
    ended: float
    status: int
    retry_after: str | None

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class PersistentBuyers:
    """So many of them at once, in threads between `start` and `stop`.

    `journal` maps each key to the order that was acknowledged; `seen` has every answer, `unexpected`
    what should never be answered.
    """

    def __init__(self, shop: RunningShop, *, variant_id: int, count: int = 4) -> None:
        self._shop = shop
        self._variant_id = variant_id
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._buy, daemon=True) for _ in range(count)]
        self.journal: dict[str, dict] = {}
        self.seen: list[Seen] = []
        self.unexpected: list[str] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Each finishes the order that he is at."""
        self._ending.set()
        for thread in self._threads:
            thread.join(timeout=2 * WAIT_SECONDS)
            assert not thread.is_alive()

    def _buy(self) -> None:
        client = self._shop.client()
        while not self._ending.is_set():
            cart = self._ask(client, "/api/v1/carts/", {"items": [{"variant": self._variant_id, "quantity": 1}]})
            if cart is None:
                continue
            key = uuid.uuid4().hex
            body = {
                "cart": cart["id"],
                "email": f"{key[:12]}@buyers.example",
                "shipping_address": ADDRESS,
                "shipping_method": "standard",
                "payment_provider": "manual",
            }
            order = None
            until = time.monotonic() + WAIT_SECONDS
            while order is None and time.monotonic() < until:
                order = self._ask(client, "/api/v1/orders/", body, {"Idempotency-Key": key})
            if order is not None:
                self.journal[key] = order

    def _ask(self, client: Client, path: str, body: dict, headers: dict | None = None) -> dict | None:
        """The document of a 2xx, None for what is to be repeated."""
        began = time.monotonic()
        try:
            answer = client.post(path, json=body, headers=headers or {}, timeout=30)
        except requests.RequestException:
            time.sleep(0.1)
            return None
        ended = time.monotonic()
        self.seen.append(Seen(began, ended, answer.status_code, answer.headers.get("Retry-After")))
        if answer.status_code < 300:
            return answer.json()
        if answer.status_code != 503 and answer.json().get("code") not in TRY_AGAIN:
            self.unexpected.append(f"{answer.status_code} {answer.text[:300]}")
        time.sleep(0.1)
        return None
