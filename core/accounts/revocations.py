"""Which access tokens are revoked, known to each process without a statement per request.

A thread of the process reads the few revocations that unexpired tokens can meet every two seconds
while somebody asks. Who asks when the last reading is too old gets no answer and looks the user up:
a thread that died or a database that is silent never lets a revoked token in.
"""

import threading
import time
from collections.abc import Mapping
from datetime import datetime
from functools import cache

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from core.accounts.models import TokenRevocation
from core.postgres.deadlines import deadline

log = structlog.get_logger("core.accounts")

POLL_SECONDS = 2.0
# A revocation is met within this and the length of one reading: 5 s are promised.
FRESH_SECONDS = 4.0
# After this long without a question the thread ends and gives its connection back.
IDLE_SECONDS = 10.0


class RevocationList:
    """The revocations as of the last reading."""

    def __init__(self) -> None:
        self._not_before: Mapping[int, datetime] = {}
        self._good_until = float("-inf")
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def is_revoked(self, *, user_id: int, issued_at: datetime) -> bool | None:
        """Whether a token is revoked; None when the last reading is too old to tell. Never waits."""
        if self._good_until == float("inf"):
            return self._refuses(user_id, issued_at)
        self._ask()
        if time.monotonic() > self._good_until:
            return None
        return self._refuses(user_id, issued_at)

    def hold(self, not_before: Mapping[int, datetime]) -> None:
        """Answer from these revocations and read no others: for tests within one process."""
        self._not_before, self._good_until = not_before, float("inf")

    def _refuses(self, user_id: int, issued_at: datetime) -> bool:
        not_before = self._not_before.get(user_id)
        return not_before is not None and issued_at < not_before

    def _ask(self) -> None:
        if not self._asked.is_set():
            self._asked.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._poll, name="token-revocations", daemon=True)
                    self._thread.start()

    def _poll(self) -> None:
        pause = threading.Event()
        while self._asked.wait(IDLE_SECONDS):
            self._asked.clear()
            self.read()
            pause.wait(POLL_SECONDS)
        connection.close()
        with self._lock:
            self._thread = None

    def read(self) -> None:
        """Read the revocations that unexpired tokens can meet: one statement. A failure leaves the old ones."""
        began = time.monotonic()
        lifetime = settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"]
        recent = TokenRevocation.objects.filter(not_before__gt=timezone.now() - 2 * lifetime)
        try:
            with deadline():
                self._not_before = dict(recent.values_list("user_id", "not_before"))
        except (DatabaseError, InterfaceError) as error:
            log.warning("revocations_unread", error=type(error).__name__)
            connection.close()
            return
        self._good_until = began + FRESH_SECONDS


@cache
def revocations() -> RevocationList:
    """This process's list, made at the first question so that a forked worker has its own."""
    return RevocationList()
