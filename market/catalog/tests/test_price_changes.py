"""Planned prices through HTTP and in the admin."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.accounts.tests.factories import make_user
from market.catalog.models import PlannedPrice, Variant
from market.catalog.services import apply_due_price_changes
from market.catalog.tests.factories import make_price_change, make_variant
from market.orders.tests.factories import make_staff

pytestmark = pytest.mark.django_db
AT = "/api/v1/price-changes/"


def in_days(days: float) -> str:
    return (timezone.now() + timedelta(days=days)).isoformat()


def test_prices_are_planned_read_changed_and_canceled(client_of):
    variant, client = make_variant(price="10.00"), client_of(make_staff("catalog.change_variant"))
    starts_at, ends_at = in_days(1), in_days(2)
    body = {"variant": variant.pk, "price": "8.00", "compare_at_price": "10.00", "starts_at": starts_at}
    made = client.post(AT, body | {"ends_at": ends_at})
    assert made.status_code == 201
    document = made.json()
    assert document == {
        "id": document["id"],
        "variant": variant.pk,
        "product": variant.product_id,
        "sku": variant.sku,
        "price": "8.00",
        "compare_at_price": "10.00",
        "removes_compare_at": False,
        "currency": "GBP",
        "starts_at": starts_at.replace("+00:00", "Z"),
        "ends_at": ends_at.replace("+00:00", "Z"),
        "due_at": starts_at.replace("+00:00", "Z"),
        "state": "planned",
        "detail": "",
        "created_at": document["created_at"],
    }
    one = f"{AT}{document['id']}/"
    changed = client.patch(one, {"compare_at_price": None, "ends_at": None}, format="json").json()
    assert (changed["compare_at_price"], changed["removes_compare_at"], changed["ends_at"]) == (None, True, None)
    assert changed == client.get(one).json()
    assert client.delete(one).status_code == 204
    assert client.get(one).json()["state"] == "canceled"
    for refused in (client.delete(one), client.patch(one, {"price": "1.00"}, format="json")):
        assert (refused.status_code, refused.json()["code"]) == (409, "price_change_not_planned")
        assert refused.json()["errors"][0]["field"] == "state"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"starts_at": "2020-01-01T00:00:00Z"}, 400, "starts_at"),
        ({"starts_at": "2090-01-01T00:00:00Z"}, 400, "starts_at"),
        ({"ends_at": "9999-12-31T23:30:00Z"}, 400, "ends_at"),
        ({"starts_at": "2030-01-01T00:00:00"}, 400, "starts_at"),
        ({"starts_at": "soon"}, 400, "starts_at"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, 400, "ends_at"),
        ({"price": "8.001"}, 400, "price"),
        ({"price": "-1.00"}, 400, "price"),
        ({"price": None}, 400, "price"),
        ({"compare_at_price": "7.99"}, 400, "compare_at_price"),
        ({"variant": 10**9}, 400, "variant"),
        ({"variant": None}, 400, "variant"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(client_of, body, status, field):
    variant, client = make_variant(price="10.00"), client_of(make_staff())
    good = {"variant": variant.pk, "price": "8.00", "starts_at": in_days(1)}
    refused = client.post(AT, good | body, format="json")
    assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (status, [field])
    many = client.post(f"{AT}batch/", {"changes": [good, good | body]}, format="json")
    assert (many.status_code, many.json()["errors"][-1]["field"]) == (status, f"changes.1.{field}")
    assert not PlannedPrice.objects.exists()


def test_the_end_of_what_has_begun_is_moved_and_nothing_else(client_of):
    variant, client = make_variant(price="10.00"), client_of(make_staff("catalog.change_variant"))
    sale, for_good = make_price_change(variant, ends_at=timezone.now() + timedelta(days=2)), make_price_change(variant)
    began = timezone.now() - timedelta(hours=2)
    for number, planned in enumerate((sale, for_good)):
        PlannedPrice.objects.filter(pk=planned.pk).update(starts_at=began + timedelta(minutes=number), due_at=began)
    PlannedPrice.objects.filter(pk=for_good.pk).update(variant=make_variant())
    apply_due_price_changes(limit=10)
    one, lasting = f"{AT}{sale.pk}/", f"{AT}{for_good.pk}/"
    for ends_at in (in_days(3), in_days(1), timezone.now().isoformat()):
        changed = client.patch(one, {"ends_at": ends_at}, format="json").json()
        assert changed["ends_at"] == changed["due_at"] == ends_at.replace("+00:00", "Z")
    for bad in (in_days(-0.01), in_days(-1), in_days(5000), None):
        refused = client.patch(one, {"ends_at": bad}, format="json")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "ends_at")
    for path, body in ((one, {"ends_at": in_days(1), "price": "1.00"}), (one, {}), (lasting, {"ends_at": in_days(1)})):
        assert client.patch(path, body, format="json").status_code == 409
    apply_due_price_changes(limit=10)
    assert client.get(one).json()["state"] == "ended"
    assert Variant.objects.get(pk=variant.pk).price == Decimal("10.00")


def test_two_at_one_moment_are_a_conflict(client_of):
    variant, client = make_variant(), client_of(make_staff())
    good = {"variant": variant.pk, "price": "8.00", "starts_at": in_days(1)}
    assert client.post(f"{AT}batch/", {"changes": [good, good]}, format="json").status_code == 409
    assert client.post(AT, good, format="json").status_code == 201
    refused = client.post(AT, good, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "price_change_exists")
    assert [error["field"] for error in refused.json()["errors"]] == ["starts_at"]


def test_the_list_is_narrowed(client_of):
    one, other, client = make_variant(), make_variant(), client_of(make_staff())
    first = make_price_change(one)
    second = make_price_change(other, starts_at=timezone.now() + timedelta(days=9))
    PlannedPrice.objects.filter(pk=second.pk).update(state="failed", detail="The variant is gone.")

    def found(query: str) -> list[int]:
        return [row["id"] for row in client.get(f"{AT}?{query}").json()["results"]]

    assert found("") == [second.pk, first.pk]
    assert found("ordering=starts_at") == [first.pk, second.pk]
    assert found(f"variant={one.pk}") == found(f"product={one.product_id}") == found("state=planned") == [first.pk]
    later = in_days(5).replace("+00:00", "Z")
    assert (found(f"due_before={later}"), found(f"due_after={later}")) == ([first.pk], [second.pk])
    for bad in ("variant=x", "state=gone", "due_before=soon", "price=4"):
        assert client.get(f"{AT}?{bad}").json()["errors"][0]["field"] == bad.partition("=")[0]


def test_staff_plan_in_the_admin(client):
    one, other = make_variant(price="10.00"), make_variant(price="12.00")
    client.force_login(make_staff())
    add = "/admin/catalog/plannedprice/add/"
    tomorrow = timezone.now() + timedelta(days=1)
    body = {"variants": [one.pk, other.pk], "price": "8.00", "compare_at_price": "9.00"}
    when = {"starts_at_0": f"{tomorrow:%Y-%m-%d}", "starts_at_1": "08:00:00", "ends_at_0": "", "ends_at_1": ""}

    refused = client.post(add, body | when | {"compare_at_price": "7.00"})
    assert refused.status_code == 200 and "Give no less than the price." in refused.content.decode()
    assert client.post(add, body | when).status_code == 302
    assert list(PlannedPrice.objects.order_by("pk").values_list("variant", "price")) == [(one.pk, 8), (other.pk, 8)]
    assert (
        f"from {tomorrow:%Y-%m-%d}" in client.get(f"/admin/catalog/product/{one.product_id}/change/").content.decode()
    )

    planned = PlannedPrice.objects.earliest("pk")
    page = f"/admin/catalog/plannedprice/{planned.pk}/change/"
    changed = {"price": "7.00", "compare_at_price": "", "removes_compare_at": "on"} | when
    assert client.post(page, changed).status_code == 302
    planned.refresh_from_db()
    assert (planned.price, planned.compare_at_price, planned.removes_compare_at) == (Decimal("7.00"), None, True)
    cancel = {"action": "cancel", "_selected_action": [row.pk for row in PlannedPrice.objects.all()]}
    assert "Canceled: 2." in client.post("/admin/catalog/plannedprice/", cancel, follow=True).content.decode()
    assert set(PlannedPrice.objects.values_list("state", flat=True)) == {"canceled"}
    assert client.get(page).status_code == 200
    assert client.post(page, changed | {"price": "6.00"}).status_code == 403
    planned.refresh_from_db()
    assert planned.price == Decimal("7.00"), "what was canceled stays"

    a_day_later, two_later = tomorrow + timedelta(days=1), tomorrow + timedelta(days=2)
    PlannedPrice.objects.filter(pk=planned.pk).update(
        state="applied", ends_at=a_day_later, due_at=a_day_later, given_price=7, former_price=10
    )
    end = {"ends_at_0": f"{two_later:%Y-%m-%d}", "ends_at_1": "08:00:00"}
    assert client.post(page, changed | end | {"price": "6.00"}).status_code == 302
    planned.refresh_from_db()
    assert (planned.price, planned.ends_at.date()) == (Decimal("7.00"), two_later.date())

    client.force_login(make_user(is_staff=True))
    assert client.get(add).status_code == client.get(page).status_code == 403
