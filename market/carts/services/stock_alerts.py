"""Customers who wait for what is sold out are told once that it is back."""

from django.conf import settings
from django.db import connection

from core.notifications.services import queue_mail
from core.transactions import in_one_transaction
from market.carts import sql
from market.carts.errors import TooManyStockAlerts, VariantInStock
from market.carts.events import stock_alerts_left
from market.carts.models import StockAlert
from market.carts.selectors import variants_in_stock
from market.carts.services.limits import hold_customer
from market.catalog.errors import VariantNotFound
from market.inventory.services import await_stock

MAX_STOCK_ALERTS = 100
# Rendering and queueing 100 mails takes about half a second; a delivery's lease is ten.
ALERTS_PER_DELIVERY = 100


@in_one_transaction
def request_stock_alert(*, customer_id: int, variant_id: int) -> tuple[StockAlert, bool]:
    """Have the customer told when the variant is in stock again; and whether he did not wait for it before.

    Locks the customer, then the variant against changes of its stock: it is either sold out until this
    is written, or seen to be in stock. Raises VariantNotFound for what is not for sale, VariantInStock
    and TooManyStockAlerts.
    """
    hold_customer(customer_id=customer_id)
    in_stock = _held_in_stock(variant_id)
    if in_stock is None:
        raise VariantNotFound
    alerts = StockAlert.objects.filter(customer_id=customer_id)
    if (known := alerts.filter(variant_id=variant_id).first()) is not None:
        return known, False
    if in_stock:
        raise VariantInStock
    if alerts.count() >= MAX_STOCK_ALERTS:
        raise TooManyStockAlerts
    alert = StockAlert.objects.create(customer_id=customer_id, variant_id=variant_id)
    await_stock(variant_id=variant_id)
    return alert, True


def cancel_stock_alert(*, customer_id: int, variant_id: int) -> None:
    """Wait no longer. Idempotent."""
    StockAlert.objects.filter(customer_id=customer_id, variant_id=variant_id).delete()


@in_one_transaction
def tell_waiting_customers(*, variant_id: int, limit: int = ALERTS_PER_DELIVERY) -> None:
    """Queue a mail to up to `limit` customers who wait for a variant that is in stock, and end their waiting.

    In the commit that queues a mail its alert goes, so nobody is told twice. When there may be more, an
    event has the next ones told. Where the variant has sold out since, they wait for the next time.
    """
    waiting = StockAlert.objects.filter(variant_id=variant_id)
    # Held only when it matters: whoever buys the last unit waits for who holds the variant.
    if not variants_in_stock(variant_ids=[variant_id]) and waiting.exists() and not _held_in_stock(variant_id):
        await_stock(variant_id=variant_id)
        return
    alerts = list(
        waiting.select_related("customer__user", "variant__product")
        .order_by("pk")
        .select_for_update(skip_locked=True, of=("self",))[:limit]
    )
    for alert in alerts:
        _queue_mail(alert)
    StockAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).delete()
    if len(alerts) == limit:
        stock_alerts_left.publish(variant_id=variant_id)


def _queue_mail(alert: StockAlert) -> None:
    """Whoever may not sign in any more gets no mail."""
    user, variant = alert.customer.user, alert.variant
    if not user.is_active:
        return
    product = variant.product
    context = {
        "first_name": user.first_name,
        "title": f"{product.title}, {variant.title}" if variant.title else product.title,
        "product_url": f"{settings.SHOP_URL}/api/v1/products/{product.pk}/",
    }
    queue_mail(
        kind="back_in_stock", recipient=user.email, context=context, key=f"back-in-stock-{alert.pk}", user_id=user.pk
    )


def _held_in_stock(variant_id: int) -> bool | None:
    """Whether the variant is in stock, which does not change until the commit; None when it is not for sale."""
    with connection.cursor() as cursor:
        cursor.execute(sql.HOLD_VARIANT, {"variant_id": variant_id})
        row = cursor.fetchone()
    return row[0] if row else None
