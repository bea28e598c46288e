"""A customer's account that several shoppers share: signed up once, signed in once, renewed by one at a time.

A refresh token works once and using it twice ends the login, so renewing is done under a lock; and
sign-ins are throttled for load tests too, so that accounts are few.
"""

import base64
import binascii
import hashlib
import secrets
import time
from collections.abc import Mapping
from typing import Any

import orjson
from gevent.lock import RLock

from loadtests import checks
from loadtests.personas.shopper import Shopper
from loadtests.shop import loadtest_token

ACCOUNTS = 2
# Our clock may be this much ahead of the shop's.
SKEW_SECONDS = 2


def expiry_of(access: str) -> float:
    """When a token ends, from its own claim."""
    payload = access.split(".")[1]
    try:
        return float(orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
    except (binascii.Error, ValueError, LookupError) as error:
        raise checks.WrongAnswer("an access token cannot be read") from error


class Account:
    """One customer of the shop."""

    def __init__(self, number: int) -> None:
        # The same account each time while the token is the same, so that a shop is not filled with them.
        secret = loadtest_token() or secrets.token_hex(16)
        digest = hashlib.sha256(f"{number}:{secret}".encode()).hexdigest()
        self.email = f"load-{number}-{digest[:12]}@buyers.example"
        self.password = f"Load-{digest[12:40]}"
        self.access = self.refresh = ""
        self._lock = RLock()

    def token(self, shopper: Shopper) -> str:
        """An access token, which may have expired by now."""
        with self._lock:
            if not self.access:
                self._sign_in(shopper)
            return self.access

    def renew(self, shopper: Shopper, *, refused: str) -> str:
        """A token newer than the refused one; only the first who comes with it asks the shop."""
        with self._lock:
            if self.access == refused:
                answer = shopper.ask(
                    "POST", "/auth/refresh/", name="POST /auth/refresh/", body={"refresh": self.refresh}, check=_pair
                )
                self._take(answer.document)
            return self.access

    def _sign_in(self, shopper: Shopper) -> None:
        credentials = {"email": self.email, "password": self.password}
        for is_known in (False, True):
            answer = shopper.ask(
                "POST",
                "/auth/login/",
                name="POST /auth/login/",
                body=credentials,
                check=_pair,
                refusals={} if is_known else {"bad_credentials": lambda _: None},
            )
            if not answer.refusal:
                self._take(answer.document)
                return
            shopper.ask("POST", "/auth/register/", name="POST /auth/register/", statuses=(201,), body=credentials | {})

    def _take(self, pair: Mapping[str, Any]) -> None:
        self.access, self.refresh = pair["access"], pair["refresh"]


def has_expired(access: str) -> bool:
    """Whether it is right that the shop refuses this token."""
    return expiry_of(access) <= time.time() + SKEW_SECONDS


def _pair(document: Mapping[str, Any]) -> None:
    checks.require(bool(document["access"]) and bool(document["refresh"]), "a login gives no tokens")


SHARED = [Account(number) for number in range(1, ACCOUNTS + 1)]
