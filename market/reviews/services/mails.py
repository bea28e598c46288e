"""The mails that authors get about reviews."""

from django.conf import settings

from core.notifications.services import queue_mail
from market.orders.models import Order
from market.reviews.models import Review
from market.reviews.selectors import products_to_review


def queue_review_mail(*, kind: str, review_id: int, key: str) -> None:
    """Queue the mail `kind` to the author of an approved review: two statements; nothing where there is none.

    Whoever may not sign in any more gets no mail.
    """
    reviews = Review.objects.approved().select_related("product", "customer__user")
    review = reviews.filter(pk=review_id, customer__user__is_active=True).first()
    if review is None:
        return
    user = review.customer.user
    context = {"first_name": user.first_name, "review": review, "product": review.product}
    context["reviews_url"] = _reviews_url(review.product_id)
    queue_mail(kind=kind, recipient=user.email, context=context, key=key, user_id=user.pk)


def queue_review_request(*, order_id: int, key: str) -> None:
    """Ask the customer of an order that is still delivered about what he has not reviewed: three statements.

    Nothing is queued when there is nothing to ask, or nobody to be asked.
    """
    orders = Order.objects.select_related("customer__user").filter(customer__user__is_active=True)
    order = orders.filter(pk=order_id, status=Order.Status.DELIVERED).first()
    products = products_to_review(order=order) if order else []
    if order is None or not products:
        return
    user = order.customer.user
    shown = [{"title": product.title, "url": _reviews_url(product.pk)} for product in products]
    context = {"first_name": user.first_name, "order": order, "products": shown}
    queue_mail(kind="review_request", recipient=user.email, context=context, key=key, user_id=user.pk)


def _reviews_url(product_id: int) -> str:
    return f"{settings.SHOP_URL}/api/v1/products/{product_id}/reviews/"
