"""Who reacts to what: ids in, one service call, safe to deliver twice."""

from uuid import UUID

from core.accounts import mails as account_mails
from core.accounts.events import (
    email_change_requested,
    email_changed,
    email_verified,
    erasure_requested,
    export_requested,
    password_reset_requested,
    registration_repeated,
    user_registered,
    verification_requested,
)
from core.accounts.mails import queue_account_mail
from core.outbox.models import Event
from core.outbox.registry import handles
from market.carts.events import stock_alerts_left
from market.carts.services import tell_waiting_customers
from market.catalog.events import documents_changed
from market.catalog.services.pushing import queue_documents
from market.checkout.services import confirm_free_order, recompute_memberships, reward_order
from market.customers.events import membership_changed
from market.customers.services import queue_membership_mail
from market.inventory.events import variant_back_in_stock
from market.orders.events import (
    free_order_placed,
    guest_orders_joined,
    order_canceled,
    order_paid,
    order_placed,
    order_status_changed,
)
from market.orders.services import join_guest_orders
from market.orders.services.mails import queue_order_mail
from market.reviews.events import review_approved, review_replied, review_requested
from market.reviews.services import follow_joined_orders, follow_order, queue_review_mail, queue_review_request
from tasks.exporting import build_export


@handles(order_placed, queue="notifications")
def email_order_confirmation(event: Event) -> None:
    queue_order_mail(kind="order_placed", order_id=event.payload["order_id"], key=f"placed-{event.pk.hex}")


@handles(free_order_placed, queue="default")
def confirm_order_without_payment(event: Event) -> None:
    confirm_free_order(order_id=event.payload["order_id"])


@handles(order_canceled, queue="notifications")
def email_order_cancellation(event: Event) -> None:
    queue_order_mail(kind="order_canceled", order_id=event.payload["order_id"], key=f"canceled-{event.pk.hex}")


@handles(order_paid, queue="notifications")
def email_payment_receipt(event: Event) -> None:
    queue_order_mail(kind="order_paid", order_id=event.payload["order_id"], key=f"paid-{event.pk.hex}")


@handles(order_status_changed, queue="default")
def follow_delivered_order(event: Event) -> None:
    follow_order(order_id=event.payload["order_id"])


@handles(guest_orders_joined, queue="default")
def verify_reviews_of_joined_orders(event: Event) -> None:
    follow_joined_orders(customer_id=event.payload["customer_id"])


@handles(review_approved, queue="notifications")
def email_review_approval(event: Event) -> None:
    queue_review_mail(
        kind="review_approved", review_id=event.payload["review_id"], key=f"review-approved-{event.pk.hex}"
    )


@handles(review_replied, queue="notifications")
def email_review_reply(event: Event) -> None:
    queue_review_mail(kind="review_replied", review_id=event.payload["review_id"], key=f"review-reply-{event.pk.hex}")


@handles(review_requested, queue="notifications")
def email_review_request(event: Event) -> None:
    queue_review_request(order_id=event.payload["order_id"], key=f"review-request-{event.payload['order_id']}")


@handles(user_registered, queue="notifications")
def email_verification_link(event: Event) -> None:
    account_mails.queue_verification_mail(user_id=event.payload["user_id"], at=event.created_at)


@handles(verification_requested, queue="notifications")
def email_verification_link_again(event: Event) -> None:
    account_mails.queue_verification_mail(user_id=event.payload["user_id"], at=event.created_at)


@handles(password_reset_requested, queue="notifications")
def email_password_reset(event: Event) -> None:
    account_mails.queue_reset_mail(user_id=event.payload["user_id"], at=event.created_at)


@handles(email_change_requested, queue="notifications")
def email_new_address(event: Event) -> None:
    account_mails.queue_email_change_mail(user_id=event.payload["user_id"], at=event.created_at)


@handles(email_change_requested, queue="notifications")
def email_old_address(event: Event) -> None:
    account_mails.queue_email_change_notice(user_id=event.payload["user_id"], key=f"changing-{event.pk.hex}")


@handles(email_verified, queue="notifications")
def email_welcome(event: Event) -> None:
    queue_account_mail(kind="user_registered", user_id=event.payload["user_id"], key=f"welcome-{event.pk.hex}")


@handles(email_verified, queue="default")
def join_orders_of_verified_address(event: Event) -> None:
    join_guest_orders(user_id=event.payload["user_id"])


@handles(email_changed, queue="default")
def join_orders_of_new_address(event: Event) -> None:
    join_guest_orders(user_id=event.payload["user_id"])


@handles(registration_repeated, queue="notifications")
def email_repeated_registration(event: Event) -> None:
    account_mails.queue_repeated_registration_mail(user_id=event.payload["user_id"], at=event.created_at)


@handles(erasure_requested, queue="notifications")
def email_erasure_notice(event: Event) -> None:
    account_mails.queue_erasure_notice(user_id=event.payload["user_id"], key=f"erasure-{event.pk.hex}")


@handles(export_requested, queue="default")
def build_data_export(event: Event) -> None:
    build_export(export_id=UUID(event.payload["export_id"]))


@handles(documents_changed, queue="default")
def queue_search_documents(event: Event) -> None:
    queue_documents(product_ids=event.payload["product_ids"])


@handles(order_status_changed, queue="default")
def reward_completed_order(event: Event) -> None:
    reward_order(order_id=event.payload["order_id"])


@handles(guest_orders_joined, queue="default")
def reward_joined_orders(event: Event) -> None:
    recompute_memberships(customer_ids=[event.payload["customer_id"]])


@handles(membership_changed, queue="notifications")
def email_membership_change(event: Event) -> None:
    queue_membership_mail(change_id=event.payload["change_id"], key=f"membership-{event.pk.hex}")


@handles(variant_back_in_stock, queue="notifications")
def email_waiting_customers(event: Event) -> None:
    tell_waiting_customers(variant_id=event.payload["variant_id"])


@handles(stock_alerts_left, queue="notifications")
def email_more_waiting_customers(event: Event) -> None:
    tell_waiting_customers(variant_id=event.payload["variant_id"])
