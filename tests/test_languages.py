"""Customers and orders have a language: every mail to them is written in it."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from core.accounts import mails as account_mails
from core.accounts.models import User
from core.accounts.services import erase_user
from core.accounts.tests.factories import PASSWORD, make_user
from core.notifications.models import Mail
from market.carts.services.stock_alerts import tell_waiting_customers
from market.carts.tests.factories import make_cart, make_offer, make_stock_alert
from market.customers.models import Membership, MembershipChange, MembershipTier
from market.customers.services import queue_membership_mail
from market.inventory.services import move_stock
from market.orders.models import Order
from market.orders.services.mails import queue_order_mail
from market.orders.tests.factories import checkout_body, make_order
from market.reviews.services import queue_review_mail, queue_review_request
from market.reviews.tests.factories import make_delivered_order, make_review

pytestmark = pytest.mark.django_db
URL = "/api/v1"
NEWCOMER = {"email": "ann@shop.example", "password": PASSWORD}
KINDS = {path.name.split(".")[0] for path in (Path(settings.BASE_DIR) / "templates" / "email").glob("*.subject.txt")}


def queue_every_mail(user: User) -> None:
    """Each kind of mail that the shop has, to one customer."""
    now, pk = timezone.now(), user.pk
    account_mails.queue_verification_mail(user_id=pk, at=now)
    User.objects.filter(pk=pk).update(is_verified=True, new_email="new@shop.example", erase_at=now)
    account_mails.queue_account_mail(kind="user_registered", user_id=pk, key="welcome")
    account_mails.queue_repeated_registration_mail(user_id=pk, at=now)
    account_mails.queue_reset_mail(user_id=pk, at=now)
    account_mails.queue_email_change_mail(user_id=pk, at=now)
    account_mails.queue_email_change_notice(user_id=pk, key="notice")
    account_mails.queue_erasure_notice(user_id=pk, key="erasure")
    account_mails.queue_export_mail(user=user, token="t", expires_at=now, key="export")
    bronze, silver = MembershipTier.objects.order_by("rank")[:2]
    Membership.objects.create(customer=user.customer, tier=silver, since=now, spent_12m=500)
    change = MembershipChange.objects.create(
        customer=user.customer, from_tier=bronze, to_tier=silver, spent_12m=500, at=now
    )
    queue_membership_mail(change_id=change.pk, key="tier")
    variant = make_stock_alert(customer=user.customer).variant
    move_stock(variant_id=variant.pk, quantity=1, reason="came")
    tell_waiting_customers(variant_id=variant.pk)
    review = make_review(author=user, status="approved")
    for kind in ("review_approved", "review_replied"):
        queue_review_mail(kind=kind, review_id=review.pk, key=kind)
    queue_review_request(order_id=make_delivered_order(buyer=user).pk, key="request")
    order = make_order(buyer=user, language=user.language)
    for kind in ("order_placed", "order_paid", "order_canceled"):
        queue_order_mail(kind=kind, order_id=order.pk, key=kind)


def test_every_mail_to_a_customer_is_in_his_language():
    queue_every_mail(make_user(language="de"))
    spoken = {mail.kind: re.findall('<html lang="(.*?)">', mail.html) for mail in Mail.objects.exclude(user=None)}
    assert spoken == {kind: ["de"] for kind in KINDS}


def test_a_mail_says_its_dates_in_the_language():
    for language in ("de", "en"):
        user = make_user(language=language, erase_at=timezone.now().replace(month=3, day=1))
        account_mails.queue_erasure_notice(user_id=user.pk, key=language)
    german, english = (Mail.objects.get(key=language).text for language in ("de", "en"))
    assert ("März" in german, "March" in english) == (True, True)


@pytest.mark.parametrize(
    ("body", "header", "language"),
    [
        ({"language": "de"}, "fr", "de"),
        ({}, "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ({}, "xx, pt-BR;q=0.5", "pt-br"),
        ({}, "*", "en"),
        ({}, "\x00;q=nan,,", "en"),
        ({}, "", "en"),
    ],
)
def test_who_registers_is_written_to_in_the_language_he_asks_for(api_client, body, header, language):
    answer = api_client.post(f"{URL}/auth/register/", NEWCOMER | body, headers={"Accept-Language": header})
    assert (answer.status_code, User.objects.get().language) == (201, language)


def test_an_unknown_language_is_refused_by_name_and_changes_nothing(api_client, client_of):
    user = make_user(language="de")
    profile = client_of(user)
    for language in ("xx", "de_DE", "", "de\x00", 7, None, ["de"], "x" * 11):
        for answer in (
            api_client.post(f"{URL}/auth/register/", NEWCOMER | {"language": language}),
            profile.patch(f"{URL}/users/profile/", {"first_name": "Ann", "language": language}),
        ):
            assert (answer.status_code, {e["field"] for e in answer.json()["errors"]}) == (400, {"language"}), language
    assert [(one.language, one.first_name) for one in User.objects.all()] == [("de", "")]
    assert profile.patch(f"{URL}/users/profile/", {"language": "es"}).json()["language"] == "es"
    assert profile.patch(f"{URL}/users/profile/", {"first_name": "Ann"}).json()["language"] == "es"


def test_an_order_has_its_buyers_language(api_client, client_of):
    header = {"Accept-Language": "de"}
    for client, email in ((api_client, "guest@shop.example"), (client_of(make_user(language="fr")), None)):
        body = checkout_body(make_cart(units={make_offer(): 1}), email=email)
        assert client.post(f"{URL}/orders/", body, headers=header).status_code == 201
    assert list(Order.objects.order_by("pk").values_list("language", flat=True)) == ["de", "fr"]


def test_who_is_erased_speaks_no_language():
    user = make_user(language="de", erased_at=timezone.now())
    erase_user(user_id=user.pk)
    user.refresh_from_db()
    assert user.language == "en"
