"""What the catalog does when nobody waits: planned prices, collections by rules, and pictures in all sizes."""

from celery import shared_task

from market.catalog.services import apply_due_price_changes
from market.catalog.services.collections import evaluate_changed, evaluate_next_batch
from market.catalog.services.image_requests import fetch_requested, take_due_request
from market.catalog.services.rendering import render_image, take_image_to_render

# 1,000 changed products against a collection take about 10 ms, 5,000 of a look through all about 40 ms.
CHANGES = 1000
PRODUCTS = 5000
BATCHES_PER_RUN = 20
# A picture of 25 million pixels takes 2 s, an ordinary one 0.1 s; a fetch waits 20 s at most.
IMAGES_PER_RUN = 10
FETCHES_PER_RUN = 2
# 200 variants take a quarter of a second of CPU, half a second on a busy machine, in one transaction.
PRICE_CHANGES = 200


@shared_task(name="catalog.evaluate_collections")
def evaluate_collections() -> None:
    """Find the products of collections by rules: those that changed, then some of all of them."""
    for _ in range(BATCHES_PER_RUN):
        if evaluate_changed(limit=CHANGES) < CHANGES:
            break
    for _ in range(BATCHES_PER_RUN):
        if not evaluate_next_batch(limit=PRODUCTS):
            break


@shared_task(name="catalog.render_images")
def render_images() -> None:
    """Draw the smaller sizes of pictures that lack them."""
    for _ in range(IMAGES_PER_RUN):
        taken = take_image_to_render()
        if taken is None:
            break
        render_image(image_id=taken.id, name=taken.name)


@shared_task(name="catalog.fetch_images")
def fetch_images() -> None:
    """Fetch pictures that were asked for by their addresses."""
    for _ in range(FETCHES_PER_RUN):
        request = take_due_request()
        if request is None:
            break
        fetch_requested(request=request)


@shared_task(name="catalog.apply_price_changes")
def apply_price_changes() -> None:
    """Give variants the prices that are planned from now on, and back those whose time is over."""
    for _ in range(BATCHES_PER_RUN):
        if apply_due_price_changes(limit=PRICE_CHANGES) < PRICE_CHANGES:
            break
