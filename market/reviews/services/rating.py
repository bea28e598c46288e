"""How a product is rated follows from its approved reviews, whoever writes at the same time."""

from collections.abc import Collection

from core.guards import guard_enabled
from market.catalog import services as catalog
from market.catalog.errors import ProductNotFound
from market.catalog.models import Product
from market.reviews.selectors import product_summary


def hold_rated_products(*, product_ids: Collection[int]) -> list[int]:
    """Lock the products whose reviews change, by id: every write of reviews begins here, before it reads.

    Two that change reviews of one product come after each other, so the second counts what the first
    has written. Answers those that there are.
    """
    if not guard_enabled("review_product_lock"):
        return list(Product.objects.filter(pk__in=product_ids).order_by("pk").values_list("pk", flat=True))
    return catalog.hold_products(product_ids=product_ids)


def hold_rated_product(*, product_id: int) -> None:
    """The same for one. Raises ProductNotFound."""
    if not hold_rated_products(product_ids=[product_id]):
        raise ProductNotFound


def recount_rating(*, product_id: int) -> None:
    """Show the rating that the approved reviews of a held product come to: two statements."""
    summary = product_summary(product_id=product_id)
    catalog.set_listing_rating(product_id=product_id, rating=summary.rating, review_count=summary.review_count)
