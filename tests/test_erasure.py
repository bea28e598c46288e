"""Who is erased leaves nothing: values planted in every field that a person may write are looked for everywhere.

The fields come from the OpenAPI document, so that a new one is planted without being named here.
"""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from core.accounts.models import User
from core.accounts.tests.factories import PASSWORD
from core.models import IdempotencyKey
from core.notifications.models import Mail
from core.outbox.models import Delivery
from core.outbox.services import spread_events, take_due_deliveries
from market.carts.models import Cart, CartItem, Wishlist, WishlistItem
from market.carts.tests.factories import make_cart, make_offer, make_wishlist
from market.catalog.tests.test_images import picture, upload
from market.checkout.services import change_status
from market.orders.models import Order, OrderEvent
from market.orders.tests.factories import checkout_body, make_order, make_staff
from market.payments.models import Payment
from market.pricing.models import CustomerList, FirstOrder, PromotionUse
from market.pricing.tests.factories import make_coupon
from market.reviews import services as reviews
from market.reviews.models import Review
from market.reviews.tests.factories import STEPS, make_review
from tasks.erasure import erase_users
from tasks.relay import deliver
from tests.test_access import POLICY, STAFF
from tests.test_fuzz import example, path_of, resolved, schema
from tests.test_mass_assignment import WRITABLE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]

# What is chosen from a list or checked against what is known; of the tokens only their mails know any.
CHOSEN = {
    "country": "GB",
    "shipping_method": "standard",
    "payment_provider": "manual",
    "currency": "GBP",
    "birth_date": "1937-03-05",
    "password": PASSWORD,
    "old_password": PASSWORD,
    "new_password": PASSWORD,
}
TOKENS = {"token", "uid", "refresh", "device"}
# Not the person's to fill in here: they end his logins, want a mailed token, or only say what is true of others.
LEFT_OUT = {
    "auth/register/",
    "auth/login/",
    "auth/logout/",
    "auth/logout/everywhere/",
    "auth/refresh/",
    "auth/password/change/",
    "auth/password/reset/",
    "auth/password/reset/confirm/",
    "auth/verify-email/",
    "auth/verify-email/resend/",
    "users/email/confirm/",
}
# A code that opens a promotion.
CODE = "PLANTED"
# Refused here, after its body was read.
REFUSED = {("post", "variants/{variant_id}/stock-alerts/")}
# Not taken: beside the two names that it is put together of, and what came with a picture, which is drawn anew.
NEVER_KEPT = {"full_name", "name of a file", "comment in a picture"}
KEY = "Idempotency-Key"
BYSTANDER = "bystander@shop.example"


class Planter:
    """Makes bodies in which every free text is one of a kind."""

    def __init__(self, email: str) -> None:
        self.email = email
        self.things: dict[str, Any] = {"expected_total": None, "shipping_address_id": None}
        self.values: dict[str, str] = {email: "email", CHOSEN["birth_date"]: "birth_date"}

    def body(self, node: dict, name: str = "") -> Any:
        node = resolved(node)
        while choices := node.get("oneOf") or node.get("anyOf"):
            node = resolved(choices[0])
        if name in self.things:
            return self.things[name]
        if node.get("type") == "object":
            return {
                field: self.body(member, field)
                for field, member in node.get("properties", {}).items()
                if not resolved(member).get("readOnly")
            }
        if node.get("type") == "array":
            return [self.body(node["items"], name)]
        if node.get("type") != "string" or node.get("enum") or node.get("format") in {"uuid", "decimal", "uri"}:
            return example(node)
        if name in CHOSEN:
            return CHOSEN[name]
        return self.email if name == "email" else self.text(name, node)

    def text(self, name: str, node: dict) -> str:
        number = 4_711_000 + len(self.values)
        if name == "phone":
            value = f"+49 30 {number}"
        elif node.get("format") == "email":
            value = f"zq{number}@planted.example"
        else:
            value = f"zq{number}"
        self.values[value] = name
        return value


def operations_of_everybody() -> list[tuple[str, str]]:
    """What people write who are not staff, in the order in which the shop lists it."""
    levels = {path.replace("<", "{").replace(">", "}"): policy for path, policy in POLICY.items()}
    return [
        (method, path)
        for method, path in WRITABLE
        if path not in LEFT_OUT and levels[path.replace("{id}", "{pk}")][method] != STAFF
    ]


def body_of(method: str, path: str) -> dict:
    """The schema of an operation's body."""
    content = schema()["paths"][f"/api/v1/{path}"][method].get("requestBody", {}).get("content", {})
    return content["application/json"]["schema"] if content else {"type": "object"}


def headers_of(planter: Planter, method: str, path: str) -> dict[str, str]:
    """A key of one's own where one is read."""
    parameters = schema()["paths"][f"/api/v1/{path}"][method].get("parameters", [])
    return {KEY: planter.text(KEY, {})} if KEY in {parameter["name"] for parameter in parameters} else {}


def dump() -> str:
    """Every row of every table of the database."""
    parts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            with cursor.copy(f'COPY "{table}" TO STDOUT') as rows:
                parts += [f"\n{table}\n", *(bytes(row).decode() for row in rows)]
    return "".join(parts)


def work_off() -> None:
    """Have every handler do what it has to."""
    spread_events(limit=1000)
    for pairs in take_due_deliveries(limit=1000).values():
        deliver(pairs)


def found_in(text: str, values: dict[str, str]) -> dict[str, str]:
    """Which of the planted values are in a text, with the fields that they were planted in."""
    return {value: field for value, field in values.items() if value.lower() in text.lower()}


def plant(planter: Planter, owner: User, client: Any) -> Order:
    """Send every body that somebody who is no staff may send, as the owner; answers his order."""
    variant = make_offer(price="10.00")
    planter.things["code"] = make_coupon(CODE).code
    statuses = {}
    for method, path in operations_of_everybody():
        cart = Cart.objects.filter(customer=owner.customer, order_number=None).first()
        cart = cart or make_cart(units={variant: 1}, customer=owner.customer)
        planter.things |= {"variant": variant.pk, "cart": str(cart.pk), "quantity": 1, "rating": 5}
        order = Order.objects.filter(customer=owner.customer).exclude(status="canceled").first()
        if path == "orders/{number}/payments/":
            Payment.objects.update(status=Payment.Status.FAILED)
        names = {
            "cart_id": str(cart.pk),
            "item_id": str(CartItem.objects.filter(cart=cart).first().pk),
            "number": order.number if order else "",
            "product_id": str(variant.product_id),
            "variant_id": str(variant.pk),
            "addresses": str(owner.customer.addresses.values_list("pk", flat=True).first()),
            "reviews": str(Review.objects.order_by("pk").values_list("pk", flat=True).first()),
            **wishlist_names(owner, variant),
        }
        if path.endswith("votes/"):
            names["reviews"] = str(make_review(product=variant.product, status="approved").pk)
        if path == "orders/{number}/cancel/":
            names["number"] = make_order(buyer=owner).number
        body = planter.body(body_of(method, path))
        if path == "orders/":
            body = {name: value for name, value in body.items() if value is not None}
        address, headers = path_of(f"/api/v1/{path}", names), headers_of(planter, method, path)
        answer = getattr(client, method)(address, body, headers=headers)
        statuses[method, path] = (answer.status_code, answer.content[-200:])
    refused = {operation: answer for operation, answer in statuses.items() if answer[0] >= 300}
    assert refused.keys() == REFUSED, "\n".join(f"{operation}: {answer}" for operation, answer in refused.items())
    return Order.objects.filter(customer=owner.customer).exclude(status="canceled").get()


def wishlist_names(owner: User, variant: Any) -> dict[str, str]:
    """A wishlist of his with one item."""
    wishlist = Wishlist.objects.filter(customer=owner.customer).first()
    wishlist = wishlist or make_wishlist(customer=owner.customer)
    item, _ = WishlistItem.objects.get_or_create(wishlist=wishlist, variant=variant)
    return {"wishlist_id": str(wishlist.pk), "wishlist_item_id": str(item.pk)}


@pytest.fixture
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def test_nothing_of_the_erased_is_left(client_of, api_client, media, capfd):
    planter = Planter("zq4710999@planted.example")
    registration = planter.body(body_of("post", "auth/register/"))
    assert api_client.post("/api/v1/auth/register/", registration).status_code == 201
    owner = User.objects.get(email=planter.email)
    User.objects.update(is_verified=True)
    order = plant(planter, owner, client_of(owner))
    guest_order = order_as_guest(planter, api_client)
    of_another = make_order(email=BYSTANDER)
    picture_of_staff(planter, order, client_of(make_staff()))
    CustomerList.objects.create(name="Friends").customers.add(owner.customer)
    words_of_staff(planter, owner, order)
    work_off()
    for each in (order, guest_order):
        for status in STEPS:
            change_status(order_id=each.pk, status=status, staff_id=make_staff().pk)
    work_off()
    Delivery.objects.filter(event__payload__order_id=order.pk).update(last_error=planter.text("last_error", {}))
    kept = found_in(dump(), planter.values)
    assert {*planter.values.values()} - {*kept.values()} == NEVER_KEPT
    scopes = IdempotencyKey.objects.values_list("scope", flat=True)
    assert Counter(scope.partition(":")[0] for scope in scopes) == {"orders.place": 2, "payments.start": 2}
    assert found_in("".join(Mail.objects.values_list("text", flat=True)), planter.values)
    assert client_of(owner).delete("/api/v1/users/profile/").status_code == 202
    work_off()

    erase_now(owner)

    assert found_in(dump(), planter.values) == {}
    assert Mail.objects.filter(recipient=BYSTANDER).exists()
    files = [path for path in media.rglob("*") if path.is_file()]
    assert files
    assert found_in("".join(path.name + path.read_bytes().decode("latin1") for path in files), planter.values) == {}
    log = "".join(capfd.readouterr())
    assert [said for said in (f'"user_id":{owner.pk}', "/users/profile/", order.number) if said not in log] == []
    assert found_in(log, planter.values) == {}
    order.refresh_from_db()
    assert (order.customer, order.shipping_address["country"], order.items.count()) == (None, "GB", 1)
    users = PromotionUse.objects.order_by("pk").values_list("order_number", "identity")
    assert set(users) == {(each.number, f"erased:{each.number}") for each in (order, guest_order)}
    assert [*FirstOrder.objects.values_list("order_number", flat=True)] == [of_another.number]
    assert not CustomerList.customers.through.objects.exists()


def order_as_guest(planter: Planter, client: Any) -> Order:
    """An order under the same address by somebody who was not signed in, and paid for again."""
    cart = make_cart(units={make_offer(): 1}, coupons=[CODE])
    body = checkout_body(cart, email=planter.email.upper(), note=planter.text("note of a guest", {}))
    answer = client.post("/api/v1/orders/", body, headers=headers_of(planter, "post", "orders/"))
    assert answer.status_code == 201, answer.content
    order = Order.objects.get(number=answer.json()["number"])
    order.payments.update(status=Payment.Status.FAILED)
    path = "orders/{number}/payments/"
    headers = headers_of(planter, "post", path) | {"X-Order-Token": order.access_token}
    address = path_of(f"/api/v1/{path}", {"number": order.number})
    answer = client.post(address, {"payment_provider": "manual"}, headers=headers)
    assert answer.status_code == 201, answer.content
    return order


def picture_of_staff(planter: Planter, order: Order, client: Any) -> None:
    """What he sent in, uploaded for him: only staff put files into media, so that he leaves nothing there himself."""
    content = picture(comment=planter.text("comment in a picture", {}).encode())
    product = order.items.get().variant.product
    name = f"{planter.text('name of a file', {})}.jpg"
    assert upload(client, product, content, name=name).status_code == 201


def test_only_staff_put_files_into_media():
    levels = {path.replace("<", "{").replace(">", "}"): policy for path, policy in POLICY.items()}
    uploads = [
        (method, path.removeprefix("/api/v1/"))
        for path, methods in schema()["paths"].items()
        for method, operation in methods.items()
        if "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
    ]
    assert uploads
    assert {levels[re.sub("{id}", "{pk}", path)][method] for method, path in uploads} == {STAFF}


def words_of_staff(planter: Planter, owner: User, order: Order) -> None:
    """What staff and machines wrote about him."""
    review = Review.objects.get(customer=owner.customer)
    staff = make_staff()
    reviews.moderate_review(
        review_id=review.pk, status="approved", reason=planter.text("reason", {}), staff_id=staff.pk
    )
    reviews.reply_to_review(review_id=review.pk, body=planter.text("reply", {}), staff_id=staff.pk)
    OrderEvent.objects.create(order=order, kind="status_changed", status="pending", detail=planter.text("detail", {}))
    for thing in (owner, owner.customer, order, owner.customer.addresses.first()):
        LogEntry.objects.create(
            user=staff,
            content_type=ContentType.objects.get_for_model(thing),
            object_id=str(thing.pk),
            object_repr=planter.text("object_repr", {}),
            change_message=planter.text("change_message", {}),
            action_flag=CHANGE,
        )


def erase_now(user: User) -> None:
    User.objects.filter(pk=user.pk).update(erase_at=timezone.now() - timedelta(seconds=1))
    erase_users()
