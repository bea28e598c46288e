"""What beat sends round: bounded batches of clean-up, and signs of life."""

from collections.abc import Callable
from contextlib import ExitStack

from celery import shared_task

from core import housekeeping
from core.accounts.services import prune_exports
from core.idempotency import prune_idempotency_keys
from core.notifications.services import prune_mails
from core.operations.services import prune_batches, prune_failures, prune_files
from core.outbox.services import prune_events
from market.carts.services import delete_expired_carts
from market.catalog.services.prices import prune_planned_prices, prune_price_spans
from market.catalog.services.searching import walk_catalog
from market.checkout.services import expire_unpaid_orders
from market.inventory.services import publish_awaited_stock
from market.pricing.services.simulating import prune_simulations
from market.reviews.services import claim_due_requests
from tasks.schedule import HEARTBEAT

# Deleting 1,000 events with their deliveries took 60 ms, 1,000 change marks 7 ms.
BATCH = 1000
BATCHES_PER_RUN = 5
# Claiming 200 orders with their facts takes 100 ms of CPU, half a second on a busy machine.
REQUESTS = 200
AWAITED_VARIANTS = 200
# Each order is a transaction of its own: 5 ms, 11 ms on a busy machine. 1,000 at once take 40 s.
ORDERS_PER_RUN = 300
# 5,000 products, about 1.4 s: every half minute, a million are walked over in less than two hours.
WALK_BATCHES_PER_RUN = 10
PRUNERS = (
    delete_expired_carts,
    prune_events,
    prune_mails,
    prune_idempotency_keys,
    housekeeping.prune_changes,
    housekeeping.prune_slots,
    housekeeping.prune_refresh_families,
    housekeeping.prune_token_revocations,
    housekeeping.prune_throttle_counts,
    housekeeping.prune_sessions,
    prune_batches,
    prune_failures,
    prune_files,
    prune_simulations,
    prune_exports,
    housekeeping.prune_profiles,
    prune_price_spans,
    prune_planned_prices,
)


@shared_task(name=HEARTBEAT)
def heartbeat(queue: str) -> None:
    """A worker of this queue lives, and beat reached it."""
    housekeeping.beat_heart(name=f"worker:{queue}")


@shared_task(name="checkout.expire_unpaid_orders")
def release_unpaid_orders() -> None:
    """Cancel pending orders whose time to pay has passed; their units go back to sale."""
    expire_unpaid_orders(limit=ORDERS_PER_RUN)


@shared_task(name="inventory.publish_awaited_stock")
def publish_awaited() -> None:
    """Have those told who wait for a variant that got its stock before it was for sale again, in bounded batches."""
    for _ in range(BATCHES_PER_RUN):
        if publish_awaited_stock(limit=AWAITED_VARIANTS) < AWAITED_VARIANTS:
            return


@shared_task(name="reviews.request_reviews")
def request_reviews() -> None:
    """Have the customers of orders that were delivered some days ago asked for reviews, in bounded batches."""
    for _ in range(BATCHES_PER_RUN):
        if claim_due_requests(limit=REQUESTS) < REQUESTS:
            return


@shared_task(name="catalog.walk")
def walk_over_catalog() -> None:
    """Go on with the walk that keeps the words, tiers and counts of search, if the catalog has changed."""
    walk_catalog(batches=WALK_BATCHES_PER_RUN)


@shared_task(name="system.prune")
def prune() -> None:
    """Delete rows that outlived their use, in bounded batches. One kind that fails keeps no other from it."""
    with ExitStack() as every_kind:
        for prune_some in reversed(PRUNERS):
            every_kind.callback(prune_kind, prune_some)


def prune_kind(prune_some: Callable[..., int]) -> None:
    """Prune one kind of rows until few are left, at most `BATCHES_PER_RUN` times."""
    for _ in range(BATCHES_PER_RUN):
        if prune_some(limit=BATCH) < BATCH:
            return
