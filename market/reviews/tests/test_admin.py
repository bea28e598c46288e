"""The queue of moderation in the admin: decided on, answered, searched; scripts stay words."""

import pytest
from django.test import Client
from django.urls import reverse

from market.carts.tests.factories import make_offer
from market.catalog.models import ProductListing
from market.orders.tests.factories import make_buyer, make_staff
from market.reviews.models import Review
from market.reviews.tests.factories import make_review

pytestmark = pytest.mark.django_db
LIST = reverse("admin:reviews_review_changelist")
SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>"


@pytest.fixture
def office() -> Client:
    client = Client()
    client.force_login(make_staff())
    return client


def page(client: Client, url: str, **query: str) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_queue_has_what_waits_and_search_finds_it(office):
    waiting, approved = make_review(title="Waits here"), make_review(title="Decided on", status="approved")
    queue = page(office, LIST)
    assert waiting.title in queue and approved.title not in queue
    assert "No delivered order of the customer holds the product." in queue
    assert approved.title in page(office, LIST, status="approved")
    everything = page(office, LIST, status="all")
    assert waiting.title in everything and approved.title in everything
    for words in ("Waits", waiting.product.title, waiting.customer.user.email):
        assert waiting.title in page(office, LIST, q=words)
    assert waiting.title not in page(office, LIST, q="needle")


def test_reviews_are_approved_and_rejected_by_actions(office):
    product = make_offer().product
    reviews = [make_review(product=product, rating=rating) for rating in (2, 3)]

    def act(action: str, **form: str) -> str:
        body = {"action": action, "_selected_action": [review.pk for review in reviews], **form}
        return office.post(f"{LIST}?status=all", body, follow=True).content.decode()

    assert "Decided on 2 reviews." in act("approve")
    assert ProductListing.objects.values_list("rating", "review_count").get() == (2.5, 2)
    assert "Tell the author why." in act("reject")
    assert set(Review.objects.values_list("status", flat=True)) == {"approved"}
    assert "Decided on 2 reviews." in act("reject", reason="Off topic.")
    assert set(Review.objects.values_list("status", "moderation_reason")) == {("rejected", "Off topic.")}
    assert ProductListing.objects.values_list("rating", "review_count").get() == (None, 0)


def test_the_answer_is_written_on_the_reviews_page_and_the_text_is_its_authors(office):
    review = make_review(rating=2)
    url = reverse("admin:reviews_review_change", args=[review.pk])
    office.post(url, {"reply": "Sorry to hear that.", "rating": 5, "title": "Forged", "status": "approved"})
    stored = Review.objects.get()
    assert (stored.reply, stored.rating, stored.title, stored.status) == (
        "Sorry to hear that.",
        2,
        review.title,
        "pending",
    )
    assert "Give an answer." in office.post(url, {"reply": ""}, follow=True).content.decode()
    assert Review.objects.get().reply == "Sorry to hear that."


def test_deleted_reviews_leave_the_rating(office):
    review = make_review(status="approved")
    other = make_review(status="approved")
    office.post(reverse("admin:reviews_review_delete", args=[review.pk]), {"post": "yes"})
    body = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    office.post(f"{LIST}?status=all", body)
    assert not Review.objects.exists()
    assert set(ProductListing.objects.values_list("rating", "review_count")) == {(None, 0)}


def test_scripts_in_reviews_are_shown_inert(office):
    author = make_buyer(first_name=SCRIPT, last_name=SCRIPT)
    product = make_offer(product_title=SCRIPT).product
    review = make_review(author=author, product=product, title=SCRIPT, body=SCRIPT)
    office.post(reverse("admin:reviews_review_change", args=[review.pk]), {"reply": SCRIPT})
    assert Review.objects.get().reply == SCRIPT
    for name in ("change", "history", "delete"):
        html = page(office, reverse(f"admin:reviews_review_{name}", args=[review.pk]))
        assert "&lt;script&gt;alert" in html
        assert "<script>alert" not in html and "<img src=x" not in html
    html = page(office, LIST)
    assert "&lt;script&gt;alert" in html and "<script>alert" not in html and "<img src=x" not in html
