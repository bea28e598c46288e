"""Pictures that lie elsewhere: asked for with a product, fetched in the background."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.errors import Invalid, Unavailable
from core.outbound import fetch
from core.transactions import in_one_transaction
from market.catalog.models import ImageRequest
from market.catalog.services.images import add_image
from market.catalog.services.locks import hold_product

FETCH_SECONDS = 20
# Longer than a fetch with its redirects and the drawing of the picture may take.
LEASE = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
NO_END = "No attempt came to an end."
ERROR_LENGTH = ImageRequest._meta.get_field("last_error").max_length


@dataclass(frozen=True, slots=True)
class DueRequest:
    """A request that was taken: its attempt is counted, and it is due again when nobody settles it."""

    id: int
    attempt: int
    url: str


@in_one_transaction
def request_images(*, product_id: int, urls: Sequence[str], alt: str = "") -> list[ImageRequest]:
    """Have the pictures behind these addresses fetched for a product, each address once.

    Answers all requests of the addresses, old and new, in their order. Locks the product. Raises ProductNotFound.
    """
    hold_product(product_id=product_id)
    add_requests(urls_by_product={product_id: urls}, alt=alt)
    known = {row.url: row for row in ImageRequest.objects.filter(product_id=product_id, url__in=urls)}
    return [known[url] for url in dict.fromkeys(urls)]


def add_requests(*, urls_by_product: dict[int, Sequence[str]], alt: str = "") -> None:
    """The same for many products that the caller holds or has just made: one statement."""
    rows = (ImageRequest(product_id=pk, url=url, alt=alt) for pk, urls in urls_by_product.items() for url in urls)
    ImageRequest.objects.bulk_create(rows, ignore_conflicts=True)


@in_one_transaction
def take_due_request() -> DueRequest | None:
    """The request that is due for longest, its attempt counted and not due again before `LEASE`. Three statements."""
    now = timezone.now()
    due = ImageRequest.objects.filter(state=ImageRequest.State.PENDING, due_at__lte=now)
    due.filter(attempts__gte=settings.DELIVERY_ATTEMPTS).update(state=ImageRequest.State.FAILED, last_error=NO_END)
    request = due.order_by("due_at", "pk").select_for_update(skip_locked=True, no_key=True).first()
    if request is None:
        return None
    request.attempts += 1
    request.due_at = now + LEASE
    request.save(update_fields=["attempts", "due_at", "updated_at"])
    return DueRequest(request.pk, request.attempts, request.url)


def fetch_requested(*, request: DueRequest) -> None:
    """Fetch a picture, from the public internet alone, and add it to its product, once.

    The network is asked outside of any transaction. What is no picture or may not be asked fails for
    good; what does not answer is tried again later, up to `DELIVERY_ATTEMPTS` times.
    """
    try:
        content = fetch(request.url, max_bytes=settings.IMAGE_MAX_BYTES, seconds=FETCH_SECONDS)
        _add(request, content)
    except Unavailable as error:
        _note(request, error.detail, is_final=request.attempt >= settings.DELIVERY_ATTEMPTS)
    except Invalid as error:
        _note(request, error.detail, is_final=True)


def _add(request: DueRequest, content: bytes) -> None:
    with transaction.atomic():
        row = ImageRequest.objects.select_for_update().filter(pk=request.id, attempts=request.attempt).first()
        if row is None or row.state != ImageRequest.State.PENDING:
            return
        add_image(product_id=row.product_id, file=BytesIO(content), alt=row.alt)
        row.state, row.last_error = ImageRequest.State.DONE, ""
        row.save(update_fields=["state", "last_error", "updated_at"])


def _note(request: DueRequest, problem: str, *, is_final: bool) -> None:
    """Record why the attempt failed, unless a later attempt has begun since."""
    state = ImageRequest.State.FAILED if is_final else ImageRequest.State.PENDING
    due_at = timezone.now() + min(timedelta(seconds=10 * 4**request.attempt), LONGEST_WAIT)
    ImageRequest.objects.filter(pk=request.id, attempts=request.attempt, state=ImageRequest.State.PENDING).update(
        state=state, due_at=due_at, last_error=problem[:ERROR_LENGTH], updated_at=timezone.now()
    )
