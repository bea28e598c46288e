"""Reads of reviews, as plain values where a page shows them."""

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Count, F, QuerySet

from market.catalog.models import Product
from market.orders.models import Order, OrderItem
from market.reviews.errors import ReviewNotFound
from market.reviews.models import Review, ReviewVote
from market.reviews.rules import Summary, summary_of

REVIEW_COLUMNS = (
    "id",
    "product_id",
    "customer_id",
    "rating",
    "title",
    "body",
    "verified_purchase",
    "status",
    "findings",
    "moderated_at",
    "moderated_by_id",
    "moderation_reason",
    "helpful_count",
    "unhelpful_count",
    "reply",
    "replied_at",
    "created_at",
    "updated_at",
)


def review_page(reviews: QuerySet[Review], start: int, stop: int) -> QuerySet[Review, dict[str, Any]]:
    """The reviews from `start` up to `stop` as dicts, with the author's names and the product's title: one query."""
    return reviews.values(
        *REVIEW_COLUMNS,
        first_name=F("customer__user__first_name"),
        last_name=F("customer__user__last_name"),
        product_title=F("product__title"),
    )[start:stop]


def review_row(*, review_id: int) -> dict[str, Any]:
    """One review as `review_page` has them: one query. Raises ReviewNotFound."""
    for row in review_page(Review.objects.filter(pk=review_id), 0, 1):
        return row
    raise ReviewNotFound


def reviews_of_product(*, product_id: int, customer_id: int | None) -> QuerySet[Review]:
    """What this customer (None: the public) may read about a product: the approved reviews and his own."""
    return Review.objects.filter(product_id=product_id).visible_to(customer_id)


def reviews_of_customer(*, customer_id: int) -> QuerySet[Review]:
    """All that a customer has written, oldest first."""
    return Review.objects.filter(customer_id=customer_id).order_by("pk")


def reviews_data(*, customer_id: int) -> Iterator[dict[str, Any]]:
    """What a customer has written, for himself: one query."""
    own = ("rating", "title", "body", "verified_purchase", "status", "moderation_reason", "helpful_count")
    more = ("unhelpful_count", "reply", "replied_at", "created_at", "updated_at")
    reviews = reviews_of_customer(customer_id=customer_id)
    return reviews.values(*own, *more, product_title=F("product__title")).iterator(chunk_size=500)


def votes_data(*, customer_id: int) -> Iterator[dict[str, Any]]:
    """Which reviews a customer found helpful, for himself: one query. What others wrote is theirs."""
    votes = ReviewVote.objects.filter(customer_id=customer_id).order_by("pk")
    columns = ("is_helpful", "voted_at")
    return votes.values(*columns, product_title=F("review__product__title")).iterator(chunk_size=500)


def product_summary(*, product_id: int) -> Summary:
    """The mean, the number and the distribution of a product's approved ratings: one query."""
    approved = Review.objects.approved().filter(product_id=product_id).order_by()
    return summary_of(dict(approved.values_list("rating").annotate(Count("pk"))))


def received_products(*, customer_id: int, product_ids: Collection[int]) -> set[int]:
    """Those of the products that are in a delivered order of the customer: one query."""
    items = OrderItem.objects.filter(
        order__customer_id=customer_id, order__status=Order.Status.DELIVERED, variant__product_id__in=product_ids
    )
    return set(items.order_by().values_list("variant__product_id", flat=True))


def products_to_review(*, order: Order) -> list[Product]:
    """The products of an order that its customer has not reviewed, in its order: one query."""
    reviewed = Review.objects.filter(customer_id=order.customer_id).values("product_id")
    items = OrderItem.objects.filter(order=order).exclude(variant__product_id__in=reviewed).order_by("pk")
    products = {item.variant.product_id: item.variant.product for item in items.select_related("variant__product")}
    return [product for product in products.values() if product.status == Product.Status.ACTIVE]
