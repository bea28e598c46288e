"""Reviews and received products for tests, made through the services that the shop uses."""

from typing import Any

from core.accounts.models import User
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.models import Product
from market.checkout.services import change_status
from market.orders.models import Order
from market.orders.tests.factories import make_buyer, make_order, make_staff
from market.reviews import services
from market.reviews.models import Review

TEXT = {"title": "A good lamp", "body": "Bright and sturdy, and it came on time."}
STEPS = (Order.Status.CONFIRMED, Order.Status.PROCESSING, Order.Status.SHIPPED, Order.Status.DELIVERED)


def deliver(order: Order) -> Order:
    """The order, taken by staff all the way to its customer."""
    staff = make_staff()
    for status in STEPS:
        change_status(order_id=order.pk, status=status, staff_id=staff.pk)
    order.refresh_from_db()
    return order


def make_delivered_order(*, buyer: User, product: Product | None = None) -> Order:
    """A delivered order of one unit of the product, or of something."""
    variant = product.variants.get() if product else make_offer()
    return deliver(make_order(buyer=buyer, cart=make_cart(units={variant: 1})))


def make_review(*, author: User | None = None, product: Product | None = None, **overrides: Any) -> Review:
    """A review of five stars that is not verified, so it waits; `status` may be what staff decide about it."""
    status = overrides.pop("status", Review.Status.PENDING)
    author, product = author or make_buyer(), product or make_offer().product
    fields = {"rating": 5, **TEXT} | overrides
    review = services.submit_review(product_id=product.pk, customer_id=author.customer.pk, **fields)
    if status == Review.Status.PENDING:
        return review
    reason = "Not about the product." if status == Review.Status.REJECTED else ""
    return services.moderate_review(review_id=review.pk, status=status, reason=reason, staff_id=make_staff().pk)
