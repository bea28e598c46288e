"""Promotions over HTTP: what everybody reads of them, and how staff make, change and end them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from market.carts.tests.factories import make_cart, make_offer
from market.catalog.models import Attribute
from market.catalog.services import create_collection, create_product_type
from market.catalog.tests.factories import make_category
from market.orders.tests.factories import make_staff
from market.pricing.models import Coupon, CustomerList, Promotion
from market.pricing.tests.factories import make_coupon, make_promotion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
URL = "/api/v1/promotions/"
TEN = {"name": "Autumn 2026", "kind": "percentage", "value": "10"}


@pytest.fixture
def office(client_of):
    return client_of(make_staff())


def one(promotion_id: int) -> str:
    return f"{URL}{promotion_id}/"


def use(promotion: Promotion, code: str = "") -> None:
    """As an order would."""
    promotion.uses.create(version=promotion.version, identity="ann", order_number="N1", amount="2.50", code=code)
    Coupon.objects.filter(code=code).update(uses=1)


def test_everybody_sees_what_is_given_to_everybody_and_nothing_else(api_client, client_of, office, count_statements):
    now = timezone.now()
    shown = make_promotion("Ten percent", priority=3, usage_limit=5, budget="50.00", usage_limit_per_customer=1)
    hidden = [
        make_promotion(status="draft"),
        make_promotion(status="archived"),
        make_promotion(starts_at=(now + timedelta(hours=1)).isoformat()),
        make_promotion(ends_at=(now - timedelta(hours=1)).isoformat()),
        make_promotion(is_public=False),
        make_promotion(customer_lists=[CustomerList.objects.create(name="Friends").pk]),
        make_coupon("SECRET").promotion,
    ]
    members = make_promotion("Gold", tiers=["gold"], ends_at=(now + timedelta(hours=1)).isoformat())
    Promotion.objects.update(name="Clear the shelves")

    for client in (api_client, client_of(make_staff("orders.view_order"))):
        with count_statements() as counted:
            answer = client.get(URL)
        assert len(counted) == (2 if client is api_client else 5)  # beside the caller and his permissions
        assert [row["id"] for row in answer.json()["results"]] == [members.pk, shown.pk]
        assert {client.get(one(row.pk)).status_code for row in hidden} == {404}
        assert client.get(one(shown.pk)).json() == answer.json()["results"][1]
        secrets = ("Clear", "SECRET", "budget", '"usage_limit"', "priority", "coupon_code", "version", "uses")
        assert [part for part in secrets if part in answer.content.decode()] == []
        assert client.get(URL, {"search": "shelves"}).json()["results"] == []
        assert client.get(URL, {"search": "secret"}).json()["results"] == []
    row = answer.json()["results"][1]
    assert (row["name"], row["label"], row["kind"], row["value"]) == (
        "Ten percent",
        "Ten percent",
        "percentage",
        "10.00",
    )
    assert len(office.get(URL).json()["results"]) == 9


def test_staff_find_promotions(office):
    draft = make_promotion("Spring", status="draft")
    coupon = make_coupon("MAY-DAY", kind="fixed_amount", value="5.00")
    Promotion.objects.filter(pk=draft.pk).update(name="Easter push")
    for query, found in (
        ({"status": "draft"}, draft),
        ({"kind": "fixed_amount"}, coupon.promotion),
        ({"requires_coupon": "true"}, coupon.promotion),
        ({"search": "push easter"}, draft),
        ({"search": "spring"}, draft),
        ({"search": "may-day"}, coupon.promotion),
    ):
        assert [row["id"] for row in office.get(URL, query).json()["results"]] == [found.pk], query
    for query in ({"status": "gone"}, {"kind": "sorcery"}, {"requires_coupon": "maybe"}, {"colour": "red"}):
        assert office.get(URL, query).status_code == 400


def test_a_code_is_for_who_may_see_codes_and_written_by_who_may_write_them(client_of):
    coupon = make_coupon("SECRET")
    url, of_promotions = one(coupon.promotion_id), ("pricing.view_promotion", "pricing.change_promotion")
    clerk = client_of(make_staff(*of_promotions, "pricing.add_promotion"))
    for answer in (clerk.get(URL), clerk.get(url), clerk.patch(url, {"value": "11"}, format="json")):
        assert (answer.status_code, "SECRET" in answer.content.decode()) == (200, False)
    assert clerk.get(URL, {"search": "secret"}).json()["results"] == []
    for answer in (
        clerk.patch(url, {"coupon_code": "MINE"}, format="json"),
        clerk.patch(url, {"coupon_code": None}, format="json"),
        clerk.put(url, TEN | {"coupon_code": "MINE"}, format="json"),
        clerk.post(URL, TEN | {"coupon_code": "MINE"}, format="json"),
    ):
        assert answer.status_code == 403, answer.json()
    assert list(Coupon.objects.values_list("code", flat=True)) == ["SECRET"]
    sees = client_of(make_staff(*of_promotions, "pricing.view_coupon"))
    assert sees.get(URL, {"search": "secret"}).json()["results"][0]["coupon_code"] == "SECRET"
    assert sees.patch(url, {"coupon_code": "MINE"}, format="json").status_code == 403
    writes = client_of(make_staff(*of_promotions, "pricing.add_coupon", "pricing.change_coupon"))
    assert "coupon_code" not in writes.patch(url, {"coupon_code": "MINE"}, format="json").json()
    assert list(Coupon.objects.values_list("code", flat=True)) == ["MINE"]


def test_how_promotions_are_ordered_is_not_told_by_a_cursor(api_client, office):
    make_promotion("First", priority=-5)
    query = {"ordering": "priority", "cursor": "", "limit": 1}
    assert [client.get(URL, query).status_code for client in (api_client, office)] == [400, 200]


def test_every_field_is_written_and_read_back(office):
    variant, other = make_offer(), make_offer()
    Attribute.objects.create(product_type=create_product_type(title="Mug"), code="color", title="Color", kind="text")
    body = TEN | {
        "label": "Ten off",
        "max_discount": "20.00",
        "products": [variant.product_id],
        "collections": [create_collection(title="Gifts").pk],
        "categories": [make_category().pk],
        "attributes": ["color=red"],
        "min_subtotal": "50.00",
        "min_quantity": 2,
        "tiers": ["gold"],
        "first_order_only": True,
        "customer_lists": [CustomerList.objects.create(name="Friends").pk],
        "countries": ["GB"],
        "weekdays": [6, 7],
        "from_hour": 22,
        "until_hour": 2,
        "starts_at": "2026-12-01T00:00:00Z",
        "ends_at": "2026-12-24T00:00:00Z",
        "usage_limit": 100,
        "usage_limit_per_customer": 1,
        "usage_limit_per_order": 3,
        "budget": "1000.00",
        "coupon_code": "ten-off",
        "priority": -5,
        "stackable": False,
        "exclusive_group": "autumn",
        "is_public": False,
        "is_active": False,
    }
    made = office.post(URL, body, format="json")
    assert made.status_code == 201, made.json()
    written = body | {"value": "10.00", "coupon_code": "TEN-OFF", "requires_coupon": True}
    assert {name: made.json()[name] for name in written} == written
    assert (made.json()["status"], made.json()["version"], made.json()["uses"]) == ("draft", 1, 0)
    gets = {"kind": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1, "get_products": [other.product_id]}
    steps = {"kind": "spend_threshold", "thresholds": [{"min_subtotal": "50.00", "percent": "5"}]}
    gift = {"kind": "gift", "gift_variant": variant.pk, "get_quantity": 1}
    for kind in (gets | {"value": "50"}, steps, gift, {"kind": "free_shipping"}, {"kind": "fixed_price", "value": "3"}):
        answer = office.post(URL, {"name": "Of a kind"} | kind, format="json")
        assert answer.status_code == 201, answer.json()
        assert Promotion.objects.get(pk=answer.json()["id"]).status == "active"


def test_a_patch_is_a_version_only_when_the_rules_change(office):
    promotion = make_promotion(max_discount="5.00", starts_at="2026-01-01T00:00:00+00:00")
    for body, version, name in (
        ({"name": "Ours"}, 1, "Ours"),
        ({"is_active": False}, 1, "Ours"),
        ({"value": "15"}, 2, "Ours"),
        ({"label": "Fifteen percent"}, 3, "Ours"),
    ):
        answer = office.patch(one(promotion.pk), body, format="json").json()
        assert (answer["version"], answer["name"], answer["max_discount"]) == (version, name, "5.00")
    assert (answer["status"], answer["label"], answer["value"]) == ("draft", "Fifteen percent", "15.00")

    whole = office.put(one(promotion.pk), TEN | {"is_active": True}, format="json").json()
    assert (whole["version"], whole["max_discount"], whole["starts_at"], whole["status"]) == (4, None, None, "active")
    assert whole["label"] == "Autumn 2026"


def test_what_a_promotion_named_may_be_gone_when_it_is_switched_off(office):
    gifts = create_collection(title="Gifts")
    promotion = make_promotion(goods={"collections": [gifts.pk]})
    gifts.delete()
    assert office.patch(one(promotion.pk), {"is_active": False}, format="json").json()["status"] == "draft"
    refused = office.patch(one(promotion.pk), {"value": "5"}, format="json").json()
    assert [error["field"] for error in refused["errors"]] == ["collections"]


def test_staff_archive_a_promotion_by_its_status(office):
    promotion = make_promotion()
    for body, told in (
        ({"status": "archived"}, ("archived", False)),
        ({"value": "11"}, ("archived", False)),
        ({"status": "draft", "is_active": False}, ("draft", False)),
        ({"status": "active"}, ("active", True)),
    ):
        answer = office.patch(one(promotion.pk), body, format="json").json()
        assert (answer["status"], answer["is_active"]) == told
    kept = office.post(URL, TEN | {"status": "draft"}, format="json")
    assert (kept.status_code, kept.json()["status"]) == (201, "draft")


def test_what_no_order_has_used_is_deleted_and_all_else_archived(office):
    unused, used = make_coupon("UNUSED").promotion, make_coupon("USED").promotion
    use(used, "USED")
    assert office.delete(one(unused.pk)).status_code == 204
    archived = office.delete(one(used.pk))
    assert (archived.status_code, archived.json()["status"], archived.json()["uses"]) == (200, "archived", 1)
    assert archived.json()["given_total"] == "2.50"
    assert [office.delete(one(unused.pk)).status_code, office.delete(one(used.pk)).status_code] == [404, 200]
    assert list(Coupon.objects.values_list("code", flat=True)) == ["USED"]


def test_the_one_code_is_made_renamed_and_kept_once_it_was_used(office):
    promotion = Promotion.objects.get(pk=office.post(URL, TEN | {"coupon_code": "One"}, format="json").json()["id"])
    make_coupon("TAKEN")

    def code(value) -> str | None:
        answer = office.patch(one(promotion.pk), {"coupon_code": value}, format="json")
        return answer.json()["coupon_code"] if answer.status_code == 200 else answer.json()["errors"][0]

    def kept() -> list:
        return list(promotion.coupons.order_by("pk").values_list("code", "is_active"))

    assert (code("two"), kept()) == ("TWO", [("TWO", True)])
    use(promotion, "TWO")
    assert (code("three"), kept()) == ("THREE", [("TWO", False), ("THREE", True)])
    assert (code("Two"), kept()) == ("TWO", [("TWO", True)])
    assert code("taken")["field"] == code("a b")["field"] == "coupon_code"
    assert (code(None), kept()) == (None, [("TWO", False)])
    assert office.get(one(promotion.pk)).json()["requires_coupon"] is True


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "sorcery"}, "kind"),
        ({"kind": None}, "kind"),
        ({"name": ""}, "name"),
        ({"value": None}, "value"),
        ({"value": "101"}, "value"),
        ({"value": "ten"}, "value"),
        ({"max_discount": "-1"}, "max_discount"),
        ({"max_discount": "1.005"}, "max_discount"),
        ({"kind": "buy_x_get_y", "get_quantity": 1}, "buy_quantity"),
        ({"kind": "gift"}, "gift_variant"),
        ({"kind": "gift", "gift_variant": 987654}, "gift_variant"),
        ({"kind": "spend_threshold"}, "thresholds"),
        ({"kind": "spend_threshold", "thresholds": [{"min_quantity": 1}]}, "thresholds"),
        ({"kind": "spend_threshold", "thresholds": [{"min_quantity": 0, "percent": "5"}]}, "thresholds.0.min_quantity"),
        ({"products": [987654]}, "products"),
        ({"products": ["x"]}, "products.0"),
        ({"collections": [987654]}, "collections"),
        ({"categories": [987654]}, "categories"),
        ({"attributes": ["red"]}, "attributes"),
        ({"attributes": ["nothing=red"]}, "attributes"),
        ({"get_products": [1]}, "get_products"),
        ({"kind": "buy_x_get_y", "buy_quantity": 1, "get_quantity": 1, "get_categories": [9876]}, "get_categories"),
        ({"customer_lists": [987654]}, "customer_lists"),
        ({"tiers": ["platinum"]}, "tiers"),
        ({"countries": ["XX"]}, "countries"),
        ({"weekdays": [8]}, "weekdays.0"),
        ({"from_hour": 8, "until_hour": 8}, "from_hour"),
        ({"starts_at": "2026-02-30"}, "starts_at"),
        ({"starts_at": "2026-02-20"}, "starts_at"),
        ({"ends_at": "2026-12-24T00:00:00"}, "ends_at"),
        ({"starts_at": "0001-01-01T00:00:00Z"}, "starts_at"),
        ({"ends_at": "9999-12-31T23:30:00Z"}, "ends_at"),
        ({"starts_at": "2026-12-02T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"}, "ends_at"),
        ({"usage_limit": 0}, "usage_limit"),
        ({"usage_limit": 2**31}, "usage_limit"),
        ({"priority": 2**31}, "priority"),
        ({"status": "gone"}, "status"),
        ({"status": "archived", "is_active": True}, "is_active"),
        ({"status": "active", "is_active": False}, "is_active"),
        ({"coupon_code": "a b"}, "coupon_code"),
        ({"coupon_code": "taken"}, "coupon_code"),
        ({"coupon_code": "new-one", "requires_coupon": False}, "requires_coupon"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field_and_changes_nothing(office, changes, field):
    make_coupon("TAKEN")
    promotion = make_promotion()
    before = [list(model.objects.order_by("pk").values()) for model in (Promotion, Coupon)]
    for write, url in ((office.post, URL), (office.put, one(promotion.pk))):
        answer = write(url, TEN | changes, format="json")
        assert answer.status_code == 400, answer.json()
        assert field in [error["field"] for error in answer.json()["errors"]]
    assert [list(model.objects.order_by("pk").values()) for model in (Promotion, Coupon)] == before


def test_what_staff_write_the_next_cart_is_priced_by(office, api_client):
    cart = make_cart(units={make_offer(): 2})

    def total() -> str:
        return api_client.get(f"/api/v1/carts/{cart.pk}/").json()["discount_total"]

    made = office.post(URL, TEN, format="json").json()
    assert total() == "2.00"
    office.patch(one(made["id"]), {"value": "50"}, format="json")
    assert total() == "10.00"
    office.patch(one(made["id"]), {"coupon_code": "Half"}, format="json")
    assert total() == "0.00"
    entered = api_client.post(f"/api/v1/carts/{cart.pk}/coupons/", {"code": "hALF"}, format="json")
    assert (entered.json()["discount_total"], entered.json()["coupons"]) == ("10.00", ["HALF"])
    office.patch(one(made["id"]), {"is_active": False}, format="json")
    assert total() == "0.00"
