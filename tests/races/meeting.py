"""Two that meet at one moment: the first is held before its commit until the second waits for it, or is through."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from core.errors import ShopError
from tests.databases import waiting_in
from tests.running import WAIT_SECONDS, wait_for


def meet_before_commit(first: Callable[[], Any], second: Callable[[], Any]) -> list[str]:
    """Do both, the second in a thread of its own; the codes that it was refused with."""
    refusals: list[str] = []

    def run() -> None:
        try:
            second()
        except ShopError as refusal:
            refusals.append(refusal.code)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    database = connection.settings_dict["NAME"]
    with transaction.atomic():
        first()
        thread.start()
        wait_for(lambda: waiting_in(database) == 1 or not thread.is_alive(), what="the second waits, or is through")
    thread.join(timeout=WAIT_SECONDS)
    assert not thread.is_alive()
    return refusals
