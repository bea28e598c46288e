"""Every user has exactly one customer, however the user is made."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from core.accounts.models import User
from core.accounts.tests.factories import PASSWORD, make_staff
from market.customers.models import Customer

pytestmark = pytest.mark.django_db
EMAIL = "a@example.com"


def in_admin(api_client) -> None:
    office = Client()
    office.force_login(make_staff())
    form = {"email": EMAIL, "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    assert office.post("/admin/accounts/user/add/", form).status_code == 302


def in_sql(api_client) -> None:
    columns = "email, password, first_name, last_name, is_active, is_staff, is_superuser, is_verified"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_user ({columns}, created_at, updated_at) "  # noqa: S608
            "VALUES (%s, '!', '', '', true, false, false, false, now(), now())",
            [EMAIL],
        )


def in_createsuperuser(api_client) -> None:
    call_command("createsuperuser", interactive=False, email=EMAIL, verbosity=0)


def in_shell(api_client) -> None:
    call_command("shell", command=f"from core.accounts.models import User; User.objects.create(email={EMAIL!r})")


def in_bulk(api_client) -> None:
    User.objects.bulk_create([User(email=EMAIL), User(email="b@example.com")])


WAYS = {
    "API": lambda api_client: api_client.post("/api/v1/auth/register/", {"email": EMAIL, "password": PASSWORD}),
    "admin": in_admin,
    "createsuperuser": in_createsuperuser,
    "shell": in_shell,
    "bulk_create": in_bulk,
    "save": lambda api_client: User(email=EMAIL).save(),
    "SQL": in_sql,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_user_has_exactly_one_customer(api_client, way):
    WAYS[way](api_client)
    with connection.cursor() as cursor:  # what the commit does
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    User.objects.get(email=EMAIL).save()
    users, customers = User.objects.values_list("pk", flat=True), Customer.objects.values_list("user_id", flat=True)
    assert sorted(customers) == sorted(users)


def test_who_is_gone_before_the_commit_needs_no_customer():
    [user] = User.objects.bulk_create([User(email=EMAIL)])
    User.objects.filter(pk=user.pk).delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not Customer.objects.exists()
