"""The mails about reviews: what they say, to whom they do not go, and that twice delivered is once done."""

import pytest

from core.notifications.models import Mail
from core.outbox.models import Event
from core.outbox.registry import handlers_of
from market.carts.tests.factories import make_cart, make_offer
from market.orders.models import Order
from market.orders.tests.factories import make_buyer, make_order, make_staff
from market.reviews import services
from market.reviews.events import review_requested
from market.reviews.models import Review
from market.reviews.tests.factories import deliver, make_review

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>"


def react_to(name: str) -> list[Mail]:
    """The mails after every handler of the newest event of that name has had it twice."""
    event = Event.objects.filter(name=name).latest("created_at")
    for handler in [*handlers_of(name)] * 2:
        handler.function(event)
    return list(Mail.objects.all())


def assert_inert(mail: Mail) -> None:
    assert "&lt;script&gt;" in mail.html
    assert "<script>alert" not in mail.html and "<img src=x" not in mail.html
    assert "\n" not in mail.subject


def test_an_author_is_told_that_his_review_was_approved(settings):
    author = make_buyer(first_name=SCRIPT)
    product = make_offer(product_title=f"Lamp & Shade {SCRIPT}").product
    make_review(author=author, product=product, rating=4, status="approved")
    [mail] = react_to("reviews.review_approved")
    assert (mail.recipient, mail.kind) == (author.email, "review_approved")
    assert mail.subject == f"Your review of {product.title} was approved"
    assert f"What you wrote about {product.title} is now in the shop, with 4 of 5." in mail.text
    link = f"{settings.SHOP_URL}/api/v1/products/{product.pk}/reviews/"
    assert link in mail.text and link in mail.html
    assert_inert(mail)


def test_an_author_reads_the_shops_answer():
    review = make_review(author=make_buyer(first_name="Ada"), status="approved")
    services.reply_to_review(review_id=review.pk, body=f"Sorry!\n{SCRIPT}", staff_id=make_staff().pk)
    [mail] = react_to("reviews.review_replied")
    assert mail.subject == f"We have answered your review of {review.product.title}"
    assert mail.text.startswith("We have answered your review, Ada.")
    assert f"Sorry!\n{SCRIPT}" in mail.text
    assert_inert(mail)


def test_who_is_gone_or_undone_gets_no_mail():
    review = make_review(status="approved")
    services.moderate_review(review_id=review.pk, status="rejected", reason="No.", staff_id=make_staff().pk)
    assert react_to("reviews.review_approved") == []
    author = make_buyer()
    make_review(author=author, status="approved")
    author.is_active = False
    author.save()
    assert react_to("reviews.review_approved") == []


def test_a_delivered_order_is_asked_about_what_is_not_reviewed_yet(settings):
    buyer = make_buyer(first_name="Ada")
    lamp, shade, mug = (make_offer(product_title=title) for title in (SCRIPT, "Shade", "Tea mug"))
    order = deliver(make_order(buyer=buyer, cart=make_cart(units=dict.fromkeys((lamp, shade, mug), 1))))
    make_review(author=buyer, product=mug.product)
    review_requested.publish(order_id=order.pk)
    [mail] = react_to("reviews.review_requested")
    assert (mail.recipient, mail.subject) == (buyer.email, f"How do you like your order {order.number}?")
    assert f"Shade: {settings.SHOP_URL}/api/v1/products/{shade.product_id}/reviews/" in mail.text
    assert "Tea mug" not in mail.text + mail.html  # with a space, which the token of the link has not
    assert_inert(mail)


def test_nobody_is_asked_about_what_came_back_or_is_reviewed():
    buyer, offer = make_buyer(), make_offer()
    order = deliver(make_order(buyer=buyer, cart=make_cart(units={offer: 1})))
    review = make_review(author=buyer, product=offer.product)
    review_requested.publish(order_id=order.pk)
    assert react_to("reviews.review_requested") == []
    services.delete_review(review_id=review.pk, customer_id=None)
    Order.objects.update(status=Order.Status.RETURNED)
    assert react_to("reviews.review_requested") == []


def test_the_delivery_itself_verifies_and_plans(settings):
    buyer, offer = make_buyer(), make_offer()
    make_review(author=buyer, product=offer.product)
    deliver(make_order(buyer=buyer, cart=make_cart(units={offer: 1})))
    assert react_to("orders.order_status_changed") == []
    assert Review.objects.values_list("status", "verified_purchase").get() == ("approved", True)
    assert Order.objects.get().review_request.requested_at is None
