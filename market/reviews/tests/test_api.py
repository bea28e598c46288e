"""Reviews over HTTP: written once, decided on, read, voted on, answered."""

import pytest

from core.outbox.models import Event
from market.carts.tests.factories import make_offer
from market.catalog.models import Product, ProductListing
from market.orders.tests.factories import make_buyer, make_staff
from market.reviews.api import serializers as shapes
from market.reviews.models import Review, ReviewVote
from market.reviews.tests.factories import TEXT, make_delivered_order, make_review

pytestmark = pytest.mark.django_db
REVIEWS = "/api/v1/reviews/"


@pytest.fixture
def product() -> Product:
    return make_offer().product


def url_of(product: Product) -> str:
    return f"/api/v1/products/{product.pk}/reviews/"


def shown_rating(product: Product) -> tuple[str | None, int]:
    """How the lists show the product: mean and number."""
    listing = ProductListing.objects.get(pk=product.pk)
    return listing.rating and str(listing.rating), listing.review_count


def facts() -> list[str]:
    """What was published about reviews, in order."""
    return list(Event.objects.filter(name__startswith="reviews.").order_by("created_at").values_list("name", flat=True))


def test_a_verified_purchasers_clean_text_is_public_at_once(api_client, client_of, product):
    buyer = make_buyer(first_name="Ada", last_name="Byron")
    make_delivered_order(buyer=buyer, product=product)
    answer = client_of(buyer).post(url_of(product), {"rating": 4, **TEXT})
    assert answer.status_code == 201
    written = answer.json()
    assert (
        written
        | TEXT
        | {
            "product": product.pk,
            "rating": 4,
            "author": "Ada B.",
            "verified_purchase": True,
            "status": "approved",
            "is_own": True,
            "moderation_reason": "",
            "reply": None,
        }
        == written
    )
    [public] = api_client.get(url_of(product)).json()["results"]
    assert public == {k: v for k, v in written.items() if k != "moderation_reason"} | {"is_own": False}
    assert shown_rating(product) == ("4.00", 1)
    assert facts() == ["reviews.review_submitted", "reviews.review_approved"]


def test_what_is_not_verified_waits_and_only_its_author_and_staff_see_it(api_client, client_of, product):
    buyer = make_buyer()
    written = client_of(buyer).post(url_of(product), {"rating": 1, **TEXT}).json()
    assert (written["verified_purchase"], written["status"]) == (False, "pending")
    assert api_client.get(url_of(product)).json()["results"] == []
    assert client_of(make_buyer()).get(url_of(product)).json()["results"] == []
    assert client_of(buyer).get(url_of(product)).json()["results"] == [written]
    [waiting] = client_of(make_staff()).get(REVIEWS, {"status": "pending"}).json()["results"]
    assert (waiting["id"], waiting["findings"], waiting["customer"]) == (
        written["id"],
        ["unverified"],
        buyer.customer.pk,
    )
    assert shown_rating(product) == (None, 0)


def test_staff_decide_and_take_it_back(client_of, product):
    author, staff = make_buyer(), client_of(make_staff("reviews.change_review"))
    review = make_review(author=author, product=product, rating=2)
    url = f"{REVIEWS}{review.pk}/moderation/"
    refused = staff.post(url, {"status": "rejected"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "reason")
    assert staff.post(url, {"status": "pending"}).json()["errors"][0]["field"] == "status"
    for _ in range(2):
        answer = staff.post(url, {"status": "approved"})
        assert (answer.status_code, answer.json()["status"]) == (200, "approved")
    assert shown_rating(product) == ("2.00", 1)
    assert staff.post(url, {"status": "rejected", "reason": "It is about the post."}).status_code == 200
    assert shown_rating(product) == (None, 0)
    [own] = client_of(author).get(url_of(product)).json()["results"]
    assert (own["status"], own["moderation_reason"]) == ("rejected", "It is about the post.")
    assert facts() == ["reviews.review_submitted", "reviews.review_approved", "reviews.review_rejected"]


def test_one_review_per_customer_and_product(client_of, product):
    buyer = make_buyer()
    first = client_of(buyer).post(url_of(product), {"rating": 5}).json()
    second = client_of(buyer).post(url_of(product), {"rating": 1})
    assert (second.status_code, second.json()["code"], second.json()["review"]) == (409, "review_exists", first["id"])
    assert Review.objects.get().rating == 5
    assert client_of(make_buyer()).post(url_of(product), {"rating": 1}).status_code == 201


def test_a_shop_may_ask_for_a_purchase(client_of, product, settings):
    settings.REVIEW_REQUIRES_PURCHASE = True
    buyer = make_buyer()
    refused = client_of(buyer).post(url_of(product), {"rating": 5, **TEXT})
    assert (refused.status_code, refused.json()["code"]) == (409, "purchase_required")
    assert not Review.objects.exists()
    make_delivered_order(buyer=buyer, product=product)
    assert client_of(buyer).post(url_of(product), {"rating": 5, **TEXT}).status_code == 201


def test_an_edit_is_decided_on_anew(client_of, product):
    author = make_buyer()
    review = make_review(author=author, product=product, status="approved", rating=5)
    client, url = client_of(author), f"{REVIEWS}{review.pk}/"
    assert client.patch(url, {"rating": 5}).json()["status"] == "approved"  # nothing new
    edited = client.patch(url, {"rating": 3, "title": "Broke after a week"}).json()
    assert (edited["status"], edited["rating"], edited["body"]) == ("pending", 3, TEXT["body"])
    assert shown_rating(product) == (None, 0)
    review.refresh_from_db()
    assert (review.moderated_by, review.moderated_at, review.findings) == (None, None, ["unverified"])
    make_delivered_order(buyer=author, product=product)
    assert client.patch(url, {"rating": 4}).json()["status"] == "approved"
    assert shown_rating(product) == ("4.00", 1)


def test_the_mean_follows_every_write(client_of, product):
    authors = [make_buyer() for _ in range(3)]
    reviews = [
        make_review(author=author, product=product, rating=rating, status="approved")
        for author, rating in zip(authors, (5, 4, 4), strict=True)
    ]
    assert shown_rating(product) == ("4.33", 3)
    assert client_of(authors[1]).delete(f"{REVIEWS}{reviews[1].pk}/").status_code == 204
    assert shown_rating(product) == ("4.50", 2)
    assert client_of(make_staff("reviews.delete_review")).delete(f"{REVIEWS}{reviews[0].pk}/").status_code == 204
    assert shown_rating(product) == ("4.00", 1)
    assert client_of(authors[1]).delete(f"{REVIEWS}{reviews[2].pk}/").status_code == 404
    assert client_of(authors[2]).delete(f"{REVIEWS}{reviews[2].pk}/").status_code == 204
    assert shown_rating(product) == (None, 0)


def test_a_vote_counts_once_and_may_be_changed(client_of, product):
    author, reader = make_buyer(), make_buyer()
    review = make_review(author=author, product=product, status="approved")
    url = f"{REVIEWS}{review.pk}/votes/"

    def counts(client, is_helpful: bool) -> tuple[int, int, int]:
        answer = client.post(url, {"is_helpful": is_helpful})
        return answer.status_code, answer.json()["helpful_count"], answer.json()["unhelpful_count"]

    assert [counts(client_of(reader), True) for _ in range(2)] == [(200, 1, 0)] * 2
    assert counts(client_of(make_buyer()), True) == (200, 2, 0)
    assert counts(client_of(reader), False) == (200, 1, 1)
    own = client_of(author).post(url, {"is_helpful": True})
    assert (own.status_code, own.json()["code"]) == (409, "own_review")
    waiting = make_review(product=product)
    assert client_of(reader).post(f"{REVIEWS}{waiting.pk}/votes/", {"is_helpful": True}).status_code == 404
    assert ReviewVote.objects.count() == 2


def test_the_shop_answers_once_and_may_change_its_answer(api_client, client_of, product):
    review = make_review(product=product, status="approved")
    url, staff = f"{REVIEWS}{review.pk}/reply/", client_of(make_staff("reviews.change_review"))
    for words in ("Thank you.", "Thank you.", "Thank you very much."):
        answer = staff.post(url, {"body": words})
        assert (answer.status_code, answer.json()["reply"]["body"]) == (200, words)
    assert staff.post(url, {"body": "  "}).json()["errors"][0]["field"] == "body"
    refused = client_of(make_buyer()).post(url, {"body": "I am the shop."})
    assert refused.status_code == 403
    assert api_client.get(url_of(product)).json()["results"][0]["reply"]["body"] == "Thank you very much."
    assert facts().count("reviews.review_replied") == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rating"),
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": -1}, "rating"),
        ({"rating": 1.5}, "rating"),
        ({"rating": 5.0}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"rating": True}, "rating"),
        ({"rating": None}, "rating"),
        ({"rating": 5, "title": "x" * 201}, "title"),
        ({"rating": 5, "body": "x" * 5001}, "body"),
        ({"rating": 5, "body": ["x"]}, "body"),
        ({"rating": 5, "title": None}, "title"),
    ],
)
def test_a_bad_review_names_its_field_and_changes_nothing(client_of, product, body, field):
    author = make_buyer()
    answer = client_of(author).post(url_of(product), body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert not Review.objects.exists()
    review = make_review(author=author, product=product, status="approved", rating=3)
    if body:
        answer = client_of(author).patch(f"{REVIEWS}{review.pk}/", body)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    review.refresh_from_db()
    assert (review.status, review.rating, review.title, shown_rating(product)) == (
        "approved",
        3,
        TEXT["title"],
        ("3.00", 1),
    )


def test_what_is_not_for_sale_is_not_reviewed(client_of):
    draft = make_offer(status=Product.Status.DRAFT).product
    for product_id in (draft.pk, draft.pk + 1000):
        url = f"/api/v1/products/{product_id}/reviews/"
        client = client_of(make_buyer())
        answers = [client.get(url), client.post(url, {"rating": 5}), client.get(f"{url}summary/")]
        assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, "product_not_found")] * 3


def test_writes_are_limited(client_of, product, settings, nothing_counted):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"review": "2/minute"}
    client = client_of(make_buyer())
    assert [client.post(url_of(product), {"rating": 5}).status_code for _ in range(3)] == [201, 409, 429]


def test_documents_have_the_fields_of_their_schema(api_client, client_of, product):
    author = make_buyer()
    make_review(author=author, product=product, status="approved")
    optional = {"moderation_reason"}
    fields = set(shapes.ReviewSerializer().fields)
    assert set(api_client.get(url_of(product)).json()["results"][0]) == fields - optional
    assert set(client_of(author).get(url_of(product)).json()["results"][0]) == fields
    staff = client_of(make_staff())
    assert set(staff.get(REVIEWS).json()["results"][0]) == set(shapes.StaffReviewSerializer().fields)
    summary = api_client.get(f"{url_of(product)}summary/").json()
    assert list(summary) == list(shapes.SummarySerializer().fields)
    assert list(summary["distribution"]) == list(shapes.DistributionSerializer().fields)
