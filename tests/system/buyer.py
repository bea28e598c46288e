"""A customer who keeps ordering whatever happens to the shop, and remembers what he was promised."""

import threading
import time
import uuid

import requests

from tests.running import WAIT_SECONDS

ADDRESS = {
    "name": "Ada Buyer",
    "line1": "1 Long Lane",
    "city": "London",
    "postal_code": "EC1A 1BB",
    "country": "GB",
}


class Buyer:
    """Orders one unit after the other over HTTP, in a thread between `start` and `stop`.

    `promised` maps the number of each acknowledged order to its email address and access token.
    """

    def __init__(self, url: str, *, pause_seconds: float = 0.3) -> None:
        self.url = url
        self.pause_seconds = pause_seconds
        self.promised: dict[str, dict[str, str]] = {}
        self.unexpected: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._shop, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=WAIT_SECONDS)

    def order(self) -> str:
        """One order from browsing to confirmation; answers its number. Raises when the shop does not answer 2xx."""
        products = self._call("GET", f"/api/v1/products/?in_stock=true&limit=20&offset={len(self.promised) % 500}")
        variants = self._call("GET", f"/api/v1/products/{products['results'][0]['id']}/variants/")
        variant = next(row for row in variants["results"] if row["in_stock"])
        cart = self._call("POST", "/api/v1/carts/", {"items": [{"variant": variant["id"], "quantity": 1}]})
        email = f"{uuid.uuid4().hex[:12]}@buyers.example"
        order = self._call(
            "POST",
            "/api/v1/orders/",
            {
                "cart": cart["id"],
                "email": email,
                "shipping_address": ADDRESS,
                "shipping_method": "standard",
                "payment_provider": "manual",
            },
        )
        self.promised[order["number"]] = {"email": email, "token": order["access_token"]}
        return order["number"]

    def is_kept(self, number: str) -> bool:
        """Whether the shop still knows the order."""
        answer = requests.get(
            f"{self.url}/api/v1/orders/{number}/",
            headers={"X-Order-Token": self.promised[number]["token"]},
            timeout=WAIT_SECONDS,
        )
        return answer.status_code == 200 and answer.json()["number"] == number

    def _shop(self) -> None:
        while not self._stop.wait(self.pause_seconds):
            try:
                self.order()
            except requests.RequestException as error:
                answer = getattr(error, "response", None)
                if answer is not None and answer.status_code < 500:
                    self.unexpected.append(f"{answer.status_code} {answer.text[:300]}")
                time.sleep(0.2)

    def _call(self, method: str, path: str, body: dict | None = None) -> dict:
        answer = requests.request(
            method, self.url + path, json=body, headers={"X-Loadtest-Token": "kill-test"}, timeout=30
        )
        answer.raise_for_status()
        return answer.json()
