"""Placed orders: frozen copies of what was bought, by whom, at what price, and what happened since."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from market.catalog.models import Variant
from market.customers.models import Customer
from market.orders import rules
from market.orders.querysets import OrderQuerySet

ACCESS_SALT = "market.orders.access"


def money_field(**options) -> models.DecimalField:
    """An amount of an order, in the order's currency."""
    return models.DecimalField(max_digits=12, decimal_places=2, **options)


class Order(models.Model):
    """A placed cart. Prices, titles and addresses are frozen copies, never looked up again."""

    class Status(models.TextChoices):
        PENDING = "pending"
        CONFIRMED = "confirmed"
        PROCESSING = "processing"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        CANCELED = "canceled"
        RETURNED = "returned"

    class PaymentStatus(models.TextChoices):
        PENDING = "pending"
        AUTHORIZED = "authorized"
        COMPLETE = "complete"
        FAILED = "failed"
        UNKNOWN = "unknown"
        PARTIALLY_REFUNDED = "partially_refunded"
        REFUNDED = "refunded"

    number = models.CharField(max_length=16, unique=True, editable=False, db_collation="C")
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="orders", db_index=False)
    cart_uuid = models.UUIDField(null=True, unique=True, editable=False)
    email = models.EmailField(max_length=254)
    language = models.CharField(max_length=10, default="en")
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    payment_status = models.CharField(max_length=20, choices=PaymentStatus, default=PaymentStatus.PENDING)
    currency = models.CharField(max_length=3)
    prices_include_tax = models.BooleanField()
    subtotal = money_field()
    discounts = models.JSONField(default=list, help_text="[{promotion, label, amount, target}]")
    discount_total = money_field()
    shipping_total = money_field(help_text="After shipping discounts")
    shipping_tax_total = money_field(help_text="The part of tax_total that is on shipping")
    tax_total = money_field()
    grand_total = money_field()
    shipping_address = models.JSONField()
    billing_address = models.JSONField()
    shipping_method = models.CharField(max_length=32)
    shipping_label = models.CharField(max_length=100)
    note = models.TextField(blank=True)
    placed_at = models.DateTimeField(default=timezone.now)
    reserved_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)
    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    subtotal__gte=0, discount_total__gte=0, shipping_total__gte=0, tax_total__gte=0, grand_total__gte=0
                ),
                name="order_amounts_gte_0",
            ),
            models.CheckConstraint(
                condition=(
                    Q(prices_include_tax=True, grand_total=F("subtotal") - F("discount_total") + F("shipping_total"))
                    | Q(
                        prices_include_tax=False,
                        grand_total=F("subtotal") - F("discount_total") + F("shipping_total") + F("tax_total"),
                    )
                ),
                name="order_money_formula",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-placed_at", "-id"], name="order_customer_placed_at"),
            models.Index(fields=["-placed_at", "-id"], name="order_placed_at"),
            # Serves email__iexact, which Django writes as UPPER(email) = UPPER(...).
            models.Index(Upper("email"), name="order_guest_email", condition=Q(customer__isnull=True)),
            models.Index(fields=["reserved_until"], name="order_reserved_until", condition=Q(status="pending")),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_free(self) -> bool:
        """Whether there is nothing to pay."""
        return self.grand_total == 0

    @property
    def is_cancelable(self) -> bool:
        return rules.is_cancelable(self.status)

    @property
    def access_token(self) -> str:
        """What opens a guest's order. Computed, so that a replayed answer has it again and nothing
        secret is stored; empty for a customer's order, which only he and staff can open."""
        return "" if self.customer_id else _access_token(self.number, settings.SECRET_KEY)

    def is_opened_by(self, token: str) -> bool:
        """Whether this is the guest's token, also one made under a secret that was rotated out."""
        if self.customer_id or not token:
            return False
        secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        return any(constant_time_compare(token, _access_token(self.number, secret)) for secret in secrets)


def _access_token(number: str, secret: str) -> str:
    return salted_hmac(ACCESS_SALT, number, secret=secret, algorithm="sha256").hexdigest()


class OrderItem(models.Model):
    """One line of an order. `line_total` is after discounts, with tax if the order's prices have it."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="items")
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="order_items")
    sku = models.CharField(max_length=64)
    title = models.CharField(max_length=402)
    quantity = models.PositiveIntegerField()
    unit_price = money_field()
    discount_total = money_field()
    tax_rate = models.DecimalField(max_digits=5, decimal_places=4)
    tax_total = money_field()
    line_total = money_field()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "variant"], name="order_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_quantity_gte_1"),
            models.CheckConstraint(
                condition=Q(line_total=F("unit_price") * F("quantity") - F("discount_total")), name="order_line_formula"
            ),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0, discount_total__gte=0, tax_total__gte=0, line_total__gte=0),
                name="order_line_amounts_gte_0",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.title}"


class OrderQuote(models.Model):
    """What the price was computed from and how, so that any order can be priced again."""

    order = models.OneToOneField(Order, models.CASCADE, primary_key=True, related_name="quote")
    engine_version = models.PositiveSmallIntegerField()
    inputs = models.JSONField()
    trace = models.JSONField()
    request_fingerprint = models.CharField(max_length=64, blank=True, help_text="Digest of the body that placed it")


class OrderEvent(models.Model):
    """One line of an order's history. `status` is the order's status from this moment on."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=64)
    status = models.CharField(max_length=16, choices=Order.Status)
    detail = models.CharField(max_length=255, blank=True)
    actor = models.CharField(max_length=100, blank=True, help_text="customer, system, or staff:<id>")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.status}"
