"""Lists of reviews: filters and orders against plain Python, pages, caching, and what they cost."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from core.accounts.models import User
from market.carts.tests.factories import make_offer
from market.catalog.models import Product
from market.customers.models import Customer
from market.orders.tests.factories import make_buyer, make_staff
from market.reviews.models import Review

pytestmark = pytest.mark.django_db
REVIEWS = "/api/v1/reviews/"

STATUSES = ["approved", "approved", "approved", "pending", "rejected", "approved", "approved"]


def seed_reviews(product: Product, count: int, **same) -> list[Review]:
    """So many reviews of a product by as many people, with equal times, ratings and votes among them."""
    made = [
        User(email=f"reader-{product.pk}-{n}@shop.example", first_name="Ada", last_name="Byron") for n in range(count)
    ]
    users = User.objects.bulk_create(made)
    Customer.objects.bulk_create([Customer(user=user) for user in users], ignore_conflicts=True)
    customers = Customer.objects.filter(user__in=users).order_by("user_id").values_list("pk", flat=True)
    now = timezone.now()
    reviews = [
        Review(
            product=product,
            customer_id=customer_id,
            **{
                "rating": n % 5 + 1,
                "title": f"Review {n}",
                "verified_purchase": n % 2 == 0,
                "status": STATUSES[n % 7],
                "helpful_count": n % 3,
                "created_at": now - timedelta(minutes=n // 4),
                **same,
            },
        )
        for n, customer_id in enumerate(customers)
    ]
    return Review.objects.bulk_create(reviews)


@pytest.fixture
def product() -> Product:
    return make_offer().product


def walk(client, url: str) -> list[int]:
    """Every id by following `next`."""
    ids = []
    while url:
        answer = client.get(url).json()
        ids += [review["id"] for review in answer["results"]]
        url = answer["next"]
    return ids


ORDERS = {
    "": (lambda r: (r.created_at, r.pk), True),
    "-created_at": (lambda r: (r.created_at, r.pk), True),
    "created_at": (lambda r: (r.created_at, r.pk), False),
    "-helpful_count": (lambda r: (r.helpful_count, r.pk), True),
    "-rating": (lambda r: (r.rating, r.pk), True),
    "rating": (lambda r: (r.rating, r.pk), False),
}


def test_orders_and_filters_are_those_of_plain_python_in_pages_and_by_cursor(api_client, client_of, product):
    reviews = seed_reviews(product, 60)
    seed_reviews(make_offer().product, 5)
    url, staff = f"/api/v1/products/{product.pk}/reviews/", client_of(make_staff())
    approved = [review for review in reviews if review.status == "approved"]
    assert 20 < len(approved) < 60
    for ordering, (key, reverse) in ORDERS.items():
        expected = [review.pk for review in sorted(approved, key=key, reverse=reverse)]
        query = f"?ordering={ordering}" if ordering else "?"
        assert walk(api_client, f"{url}{query}&limit=7") == expected
        assert walk(api_client, f"{url}{query}&limit=7&cursor=") == expected
    for rating in range(1, 6):
        expected = {review.pk for review in approved if review.rating == rating}
        assert set(walk(api_client, f"{url}?rating={rating}")) == expected
        verified = {review.pk for review in approved if review.rating == rating and review.verified_purchase}
        assert set(walk(api_client, f"{url}?rating={rating}&verified_purchase=true")) == verified
    for status in Review.Status.values:
        expected = set(Review.objects.filter(status=status).values_list("pk", flat=True))
        assert walk(staff, f"{REVIEWS}?status={status}&limit=9&cursor=") == sorted(expected, reverse=True)
        assert walk(staff, f"{REVIEWS}?status={status}&limit=9&ordering=id") == sorted(expected)


def test_one_sees_ones_own_among_the_others(client_of, product):
    reviews = seed_reviews(product, 30)
    own = next(review for review in reviews if review.status == "rejected")
    ids = walk(client_of(own.customer.user), f"/api/v1/products/{product.pk}/reviews/?limit=7&cursor=")
    assert sorted(ids) == sorted([own.pk, *(review.pk for review in reviews if review.status == "approved")])


@pytest.mark.parametrize("count", [1, 20, 100])
def test_lists_cost_the_same_however_long(api_client, client_of, count_statements, product, count):
    seed_reviews(product, count, status=Review.Status.APPROVED)
    own, staff = client_of(make_buyer()), client_of(make_staff())
    url = f"/api/v1/products/{product.pk}/reviews/"
    # Whether there is such a product, the count, the page; who is signed in costs one more.
    for client, path, statements in [
        (api_client, f"{url}?limit=100", 3),
        (api_client, f"{url}?limit=100&cursor=", 2),
        (own, f"{url}?limit=100", 4),
        (staff, f"{REVIEWS}?limit=100&status=approved", 3),
        (api_client, f"{url}summary/", 2),
    ]:
        with count_statements() as counted:
            answer = client.get(path).json()
        assert (len(answer.get("results", [0] * count)), len(counted)) == (count, statements), path


def test_the_summary_is_counted_from_what_is_approved(api_client, product):
    ratings = [review.rating for review in seed_reviews(product, 60) if review.status == "approved"]
    summary = api_client.get(f"/api/v1/products/{product.pk}/reviews/summary/").json()
    assert summary["distribution"] == {str(rating): ratings.count(rating) for rating in range(1, 6)}
    assert (summary["review_count"], summary["rating"]) == (len(ratings), f"{sum(ratings) / len(ratings):.2f}")


def test_public_reads_may_be_kept_and_answer_304(api_client, client_of, product):
    [review] = seed_reviews(product, 1, status=Review.Status.APPROVED)
    for url in (f"/api/v1/products/{product.pk}/reviews/", f"/api/v1/products/{product.pk}/reviews/summary/"):
        first = api_client.get(url)
        assert first["Cache-Control"] == "public, max-age=10, stale-while-revalidate=60"
        again = api_client.get(url, HTTP_IF_NONE_MATCH=first["ETag"])
        assert (again.status_code, again.content) == (304, b"")
        private = client_of(review.customer.user).get(url)
        assert private["Cache-Control"] == "private, no-store"
        Review.objects.update(rating=F("rating") % 5 + 1)
        assert api_client.get(url, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("rating=6", "rating"),
        ("rating=x", "rating"),
        ("verified_purchase=perhaps", "verified_purchase"),
        ("ordering=customer", "ordering"),
        ("status=pending", "status"),
        ("cursor=nonsense", "cursor"),
        ("limit=101", "limit"),
    ],
)
def test_what_a_list_does_not_know_is_refused_by_name(api_client, product, query, field):
    answer = api_client.get(f"/api/v1/products/{product.pk}/reviews/?{query}")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
