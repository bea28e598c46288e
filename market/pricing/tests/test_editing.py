"""What no edit of a promotion may do: widen it silently, or undo what somebody else has done meanwhile."""

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.models import User
from core.accounts.tests.factories import make_staff
from market.carts.tests.factories import make_offer
from market.catalog.services import create_collection
from market.catalog.tests.factories import make_category
from market.customers.models import Customer
from market.orders.tests.factories import make_staff as make_clerk
from market.pricing.models import Coupon, CustomerList, Promotion
from market.pricing.services import create_promotion, generate_coupons
from market.pricing.tests.factories import make_coupon, make_promotion
from market.pricing.tests.test_admin import change_page, sent_back

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(make_staff())
    return client


def errors(page) -> dict:
    return page.context["adminform"].form.errors


@pytest.mark.parametrize("name", ["products", "categories", "collections", "get_products", "customer_lists"])
def test_what_a_promotion_names_may_go_and_it_is_not_for_everything_then(browser, name):
    makers = {
        "products": lambda: make_offer().product,
        "categories": make_category,
        "collections": lambda: create_collection(title="Gifts"),
        "customer_lists": lambda: CustomerList.objects.create(name="Friends"),
    }
    named = makers[name.removeprefix("get_")]()
    goods = {name.removeprefix("get_"): [named.pk]}
    place = {name: [named.pk]} if name == "customer_lists" else {"get_goods" if "get_" in name else "goods": goods}
    rules = {"kind": "buy_x_get_y", "value": "50", "buy_quantity": 1, "get_quantity": 1} | place
    promotion = create_promotion(label="Of these", rules=rules, status="active")
    type(named).objects.filter(pk=named.pk).delete() if name != "products" else _deleted(named)
    before = Promotion.objects.values().get()

    data = sent_back(browser.get(change_page(promotion))) | {name: []}
    page = browser.post(change_page(promotion), data | {"value": "60"})
    assert page.status_code == 200
    assert "deleted" in str(errors(page)[name])
    assert Promotion.objects.values().get() == before
    assert browser.post(change_page(promotion), data | {"status": "archived"}).status_code == 302
    assert Promotion.objects.values_list("status", "version", "rules").get() == ("archived", 1, before["rules"])


def _deleted(product) -> None:
    product.variants.all().delete()
    type(product).objects.filter(pk=product.pk).delete()


@pytest.mark.parametrize("many", [False, True])
def test_who_has_codes_is_not_for_everybody(client_of, browser, many):
    promotion = make_coupon("AUTUMN").promotion
    if many:
        generate_coupons(promotion_id=promotion.pk, count=2, batch="Many")
    url, rules = f"/api/v1/promotions/{promotion.pk}/", {"name": "Renamed", "kind": "percentage", "value": "20"}
    office = client_of(make_staff())
    whole = office.put(url, rules, format="json").json()
    assert (whole["requires_coupon"], whole["coupon_code"], whole["value"]) == (True, "AUTUMN", "20.00")
    free = {"requires_coupon": False}
    for answer in (office.put(url, rules | free, format="json"), office.patch(url, free, format="json")):
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["requires_coupon"])
    data = sent_back(browser.get(change_page(promotion)))
    del data["requires_coupon"]
    assert "requires_coupon" in errors(browser.post(change_page(promotion), data))
    assert Promotion.objects.values_list("requires_coupon", "version").get() == (True, 2)

    without = office.patch(url, free | {"coupon_code": None}, format="json")
    assert (without.status_code, Promotion.objects.get().requires_coupon) == ((400, True) if many else (200, False))
    assert Coupon.objects.filter(is_active=True).count() == (3 if many else 0)


def test_a_list_of_customers_stays_while_an_active_promotion_is_for_it(browser):
    friends = CustomerList.objects.create(name="Friends")
    delete = reverse("admin:pricing_customerlist_delete", args=[friends.pk])
    promotion = make_promotion("Ten for friends", customer_lists=[friends.pk])
    page = browser.post(delete, {"post": "yes"}, follow=True)
    assert "Active promotions are for this list: Ten for friends." in page.content.decode()
    assert CustomerList.objects.exists()
    Promotion.objects.filter(pk=promotion.pk).update(status="archived")
    browser.post(delete, {"post": "yes"})
    assert not CustomerList.objects.exists()


def test_a_list_of_many_customers_is_saved_by_who_comes_and_who_goes(browser, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 50
    users = User.objects.bulk_create(User(email=f"{place:05}@shop.example") for place in range(300))
    people = Customer.objects.bulk_create(Customer(user=user) for user in users)
    friends = CustomerList.objects.create(name="Friends")
    friends.customers.add(*people[20:])
    before = set(friends.customers.values_list("pk", flat=True))
    url = reverse("admin:pricing_customerlist_change", args=[friends.pk])
    page = browser.get(url).content.decode()
    assert "280, the first 100 by email<br>00020@shop.example<br>00021@" in page
    unknown = "00000@shop.example, nobody@shop.example"
    for refused, field in (
        ({"add_emails": unknown}, "add_emails"),
        ({"remove_emails": unknown}, "remove_emails"),
        ({"add_emails": "x\n" * 2 + " ".join(map(str, range(10_000)))}, "add_emails"),
        ({"add": [people[0].pk], "remove_emails": "00000@shop.example"}, "remove"),
        ({"name": ""}, "name"),
    ):
        again = browser.post(url, {"name": "All", "add_emails": "00000@shop.example"} | refused)
        assert list(errors(again)) == [field], refused
    assert "nobody@shop.example" in str(errors(browser.post(url, {"name": "All", "add_emails": unknown})))
    assert (CustomerList.objects.get().name, set(friends.customers.values_list("pk", flat=True))) == ("Friends", before)

    form = {"name": "All", "add": [people[0].pk, people[200].pk], "remove": [people[250].pk]}
    form |= {"add_emails": "00001@SHOP.example;\n00200@shop.example", "remove_emails": "00251@shop.example,"}
    for _ in range(2):
        assert browser.post(url, form).status_code == 302
        ids = (before | {people[0].pk, people[1].pk}) - {people[250].pk, people[251].pk}
        assert (CustomerList.objects.get().name, set(friends.customers.values_list("pk", flat=True))) == ("All", ids)
    add = reverse("admin:pricing_customerlist_add")
    browser.post(add, {"name": "New", "add_emails": "\n".join(user.email for user in users)})
    assert CustomerList.objects.get(name="New").customers.count() == 300
    page = clerk("pricing.view_customerlist").get(url).content.decode()
    assert "280, the first" in page
    assert "Take off" not in page


@pytest.mark.parametrize("change", [{"value": "15"}, {"is_active": False}, {"name": "Theirs"}, {"coupon_code": "new"}])
def test_a_page_that_is_behind_undoes_nothing_and_keeps_what_was_typed(client_of, browser, change):
    promotion = make_coupon("AUTUMN").promotion
    data = sent_back(browser.get(change_page(promotion))) | {"name": "Mine", "max_discount": "7.77"}
    assert (
        client_of(make_staff()).patch(f"/api/v1/promotions/{promotion.pk}/", change, format="json").status_code == 200
    )
    before = [list(model.objects.values()) for model in (Promotion, Coupon)]

    for seen in (data, {**data, "seen": ""}):
        page = browser.post(change_page(promotion), seen)
        assert "Somebody has changed this promotion" in str(errors(page))
        assert 'value="Mine"' in page.content.decode()
        assert 'value="7.77"' in page.content.decode()
    assert [list(model.objects.values()) for model in (Promotion, Coupon)] == before
    anew = sent_back(browser.get(change_page(promotion))) | {"name": "Mine"}
    assert browser.post(change_page(promotion), anew).status_code == 302
    assert Promotion.objects.get().name == "Mine"


def clerk(*permissions: str) -> Client:
    client = Client()
    client.force_login(make_clerk(*permissions))
    return client


def test_who_may_only_look_sees_every_rule():
    friends, gone = (CustomerList.objects.create(name=name) for name in ("Friends", "Gone"))
    steps = [{"min_subtotal": "50.00", "percent": "5"}]
    rules = {"kind": "spend_threshold", "thresholds": steps, "customer_lists": [friends.pk, gone.pk]}
    rules |= {"weekdays": [6], "starts_at": "2026-12-01T00:00:00+00:00", "stackable": False}
    promotion = create_promotion(label="Steps", rules=rules, status="active")
    number = gone.pk
    gone.delete()
    page = clerk("pricing.view_promotion").get(change_page(promotion)).content.decode()
    for told in (
        f"Friends ({friends.pk}); {number} (deleted)",
        "From a subtotal of: 50.00, percent off: 5",
        "Saturday",
        "Dec. 1, 2026",
        "Stackable</th><td>no<",
    ):
        assert told in page, told
    assert 'name="value"' not in page


def test_in_the_admin_codes_are_for_who_may_see_and_write_them():
    promotion = make_coupon("SECRET").promotion
    of_promotions = ("pricing.view_promotion", "pricing.change_promotion")
    found = reverse("admin:pricing_promotion_changelist")
    for permissions, is_seen in (((), False), (("pricing.view_coupon",), True)):
        browser = clerk(*of_promotions, *permissions)
        page = browser.get(change_page(promotion))
        assert ("SECRET" in page.content.decode()) is is_seen
        assert bool(browser.get(found, {"q": "secret"}).context["cl"].result_list) is is_seen
        data = sent_back(page) | {"coupon_code": "MINE", "name": "Renamed"}
        assert browser.post(change_page(promotion), data).status_code == 302
        assert (Coupon.objects.get().code, Promotion.objects.get().name) == ("SECRET", "Renamed")
