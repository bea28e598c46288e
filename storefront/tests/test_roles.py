"""The roles of the staff: groups that a migration makes, each with what it needs and no more."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from core.accounts.models import User
from core.accounts.roles import sync_roles
from core.accounts.tests.factories import PASSWORD, make_staff, make_user
from market.carts.tests.factories import make_cart, make_offer
from market.customers.models import Customer
from market.orders.tests.factories import make_buyer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
ROLES = ("catalog", "orders", "support", "marketing", "owner")
# Doors of the API and who gets past them: the answer to nothing is then 400, 404 or the list.
DOORS = {
    ("post", "products/"): {"catalog", "owner"},
    ("delete", "categories/1/"): {"catalog", "owner"},
    ("post", "products/987654/images/"): {"catalog", "owner"},
    ("post", "products/987654/documents/"): {"catalog", "owner"},
    ("delete", "products/987654/documents/1/"): {"catalog", "owner"},
    ("get", "stock/"): {"catalog", "orders", "owner"},
    ("patch", "orders/AAAA-AAAA-AA/"): {"orders", "support", "owner"},
    ("post", "payments/00000000-0000-0000-0000-000000000001/confirm/"): {"orders", "owner"},
    ("get", "customers/"): {"orders", "support", "marketing", "owner"},
    ("get", "customers/1/history/"): {"orders", "support", "owner"},
    ("get", "users/"): {"support", "owner"},
    ("get", "price-changes/"): {"catalog", "owner"},
    ("post", "price-changes/"): {"catalog", "owner"},
    ("post", "promotions/"): {"marketing", "owner"},
    ("delete", "promotions/987654/"): {"marketing", "owner"},
    ("post", "promotions/987654/simulate/"): {"marketing", "owner"},
    ("get", "simulations/00000000-0000-0000-0000-000000000001/"): {"marketing", "owner"},
    ("get", "promotions/987654/coupons/"): {"marketing", "owner"},
    ("get", "price-lists/"): {"marketing", "owner"},
    ("post", "price-lists/"): {"marketing", "owner"},
    ("get", "shipping-zones/"): {"orders", "owner"},
    ("post", "shipping-zones/"): {"orders", "owner"},
    ("post", "shipping-methods/"): {"orders", "owner"},
    ("get", "tax-rates/"): {"catalog", "owner"},
    ("post", "tax-rates/"): {"owner"},
}


def make_member(role: str, **overrides) -> User:
    member = make_user(is_staff=True, **overrides)
    member.groups.add(Group.objects.get(name=role))
    return member


def granted() -> dict[str, list[str]]:
    return {
        group.name: sorted(group.permissions.values_list("content_type__app_label", "codename"))
        for group in Group.objects.order_by("name")
    }


def test_each_role_opens_its_doors_and_no_other(client_of):
    clients = {role: client_of(make_member(role)) for role in ROLES}
    opened = {
        (method, path): {
            role
            for role, client in clients.items()
            if getattr(client, method)(f"/api/v1/{path}", {}, format="json").status_code != 403
        }
        for method, path in DOORS
    }
    assert opened == DOORS


def test_support_says_what_the_cart_of_a_customer_costs_and_why(client_of):
    cart = make_cart(units={make_offer(): 1}, customer=Customer.objects.get(user=make_buyer()))
    asked = {"as_of": timezone.now().isoformat()}
    told = {
        role: [
            client_of(make_member(role)).get(f"/api/v1/carts/{cart.pk}/{end}", asked).status_code
            for end in ("", "explanation/")
        ]
        for role in ("support", "orders", "owner")
    }
    assert told == {"support": [200, 200], "orders": [403, 403], "owner": [200, 200]}


def test_a_role_counts_for_staff_alone(client_of):
    member = make_member("owner")
    User.objects.filter(pk=member.pk).update(is_staff=False)
    assert client_of(member).get("/api/v1/customers/").status_code == 403


def test_migrating_mends_what_was_changed_and_leaves_other_groups_alone():
    before = granted()
    assert set(before) == set(ROLES)
    assert len(before["owner"]) == Permission.objects.count()
    own = Group.objects.create(name="Interns")
    own.permissions.add(Permission.objects.first())
    Group.objects.get(name="support").delete()
    Group.objects.get(name="orders").permissions.clear()
    Group.objects.get(name="marketing").permissions.add(Permission.objects.get(codename="delete_user"))
    call_command("migrate", "accounts", verbosity=0)
    after = granted()
    assert len(after.pop("Interns")) == 1
    assert after == before


def test_it_costs_little_when_nothing_changed(count_statements):
    with count_statements() as statements:
        sync_roles()
    assert len(statements) == 4  # the groups, all permissions; the groups with theirs


def test_the_admin_shows_roles_and_lets_nobody_bend_them():
    office = Client()
    office.force_login(make_staff())
    role, own = Group.objects.get(name="catalog"), Group.objects.create(name="Interns")
    assert office.get("/admin/auth/group/").status_code == 200
    before = granted()
    office.post(f"/admin/auth/group/{role.pk}/change/", {"name": "mine", "permissions": []})
    assert office.post(f"/admin/auth/group/{role.pk}/delete/", {"post": "yes"}).status_code == 403
    assert granted() == before
    assert office.post(f"/admin/auth/group/{own.pk}/change/", {"name": "Helpers"}).status_code == 302
    assert Group.objects.filter(name="Helpers").exists()


@pytest.mark.parametrize(
    ("giver", "may_give"), [("superuser", {"is_superuser", "is_staff"}), ("owner", {"is_staff"}), ("clerk", set())]
)
def test_nobody_gives_rights_that_are_not_his_to_give(giver, may_give):
    office = Client()
    if giver == "clerk":
        clerk = make_user(is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "view_user"]))
    office.force_login(
        {"superuser": make_staff, "owner": lambda: make_member("owner"), "clerk": lambda: clerk}[giver]()
    )
    user = make_user(email="ann@example.com")
    form = {"email": user.email, "is_active": "on", "is_staff": "on", "is_superuser": "on", "language": "en"}
    form |= {"first_name": "", "last_name": "", "username": ""}
    assert office.post(f"/admin/accounts/user/{user.pk}/change/", form).status_code == 302
    user.refresh_from_db()
    assert {name for name in ("is_superuser", "is_staff") if getattr(user, name)} == may_give


@pytest.mark.parametrize(("giver", "victim", "is_let"), [("owner", "superuser", False), ("owner", "staff", True)])
def test_nobody_takes_the_password_of_who_is_above_him(giver, victim, is_let):
    office = Client()
    office.force_login(make_member(giver))
    above = make_staff() if victim == "superuser" else make_member("support")
    form = {"usable_password": "true", "password1": "another-long-password", "password2": "another-long-password"}
    answer = office.post(f"/admin/accounts/user/{above.pk}/password/", form)
    assert answer.status_code == (302 if is_let else 403)
    above.refresh_from_db()
    assert above.check_password(PASSWORD) == (not is_let)
