"""Documents leave for a search engine of its own, where the shop has one."""

import structlog
from celery import shared_task

from market.catalog.adapters.search import EngineAway
from market.catalog.services.pushing import push_documents

log = structlog.get_logger("tasks.senders.search")

BATCH = 500
BATCHES_PER_RUN = 20


@shared_task(name="catalog.push_documents")
def send_documents() -> None:
    """Push what is queued, in bounded batches; what did not arrive is tried again after a minute."""
    try:
        for _ in range(BATCHES_PER_RUN):
            if push_documents(limit=BATCH) < BATCH:
                return
    except EngineAway as error:
        log.warning("search_engine_away", error=str(error))
