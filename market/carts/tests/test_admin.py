"""Staff look at carts and leave them as they are."""

import pytest
from django.urls import reverse

from core.accounts.models import User
from market.carts.tests.factories import make_cart, make_full_cart

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(User.objects.create_superuser("boss@example.com", "correct horse battery"))
    return client


def test_staff_find_a_cart_and_see_its_lines(staff):
    cart = make_full_cart(lines=2)
    make_cart(order_number="S7K4-92QF-M3")

    found = staff.get(reverse("admin:carts_cart_changelist"), {"q": str(cart.pk)[:13]})
    seen = staff.get(reverse("admin:carts_cart_change", args=[cart.pk]))

    assert [row.pk for row in found.context["cl"].result_list] == [cart.pk]
    assert all(item.variant.sku in seen.content.decode() for item in cart.items.all())


def test_staff_cannot_change_a_cart(staff):
    cart = make_full_cart(lines=1)

    answers = [
        staff.get(reverse("admin:carts_cart_add")),
        staff.post(reverse("admin:carts_cart_change", args=[cart.pk]), {"country": "FR"}),
        staff.post(reverse("admin:carts_cart_delete", args=[cart.pk]), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    cart.refresh_from_db()
    assert cart.country == ""


@pytest.mark.parametrize("lines", [1, 20])
def test_a_cart_with_many_lines_costs_no_more_statements(staff, django_assert_num_queries, lines):
    page = reverse("admin:carts_cart_change", args=[make_full_cart(lines=lines).pk])
    staff.get(page)  # the process remembers the content type from then on

    with django_assert_num_queries(3):
        staff.get(page)
