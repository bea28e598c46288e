"""Anonymous carts: whoever knows the UUID holds the cart. Wishlists and stock alerts of customers."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.utils import timezone

from core.models import TimeStampedModel
from market.carts.querysets import CartQuerySet
from market.catalog.models import TITLE_LENGTH, Variant
from market.customers.models import Customer
from market.pricing.models import CODE_LENGTH

NO_CODES = Value([], output_field=ArrayField(models.CharField()))


class Cart(TimeStampedModel):
    """What somebody may buy. `version` grows with every write, so that checkout can tell whether
    the cart it priced is still the cart it claims. `order_number` is set once, by checkout. A cart
    with a customer answers to nobody else; each customer has at most one that is no order yet."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, null=True, blank=True, related_name="carts")
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    shipping_method = models.CharField(max_length=32, blank=True)
    coupons = ArrayField(
        models.CharField(max_length=CODE_LENGTH), default=list, blank=True, db_default=NO_CODES, editable=False
    )
    version = models.PositiveIntegerField(default=0)
    order_number = models.CharField(max_length=16, null=True, unique=True, editable=False)
    expires_at = models.DateTimeField()
    objects = CartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(order_number__isnull=True, customer__isnull=False),
                name="cart_open_once_per_customer",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="cart_expires_at", condition=Q(order_number__isnull=True)),
        ]

    def __str__(self) -> str:
        return str(self.id)


class CartItem(models.Model):
    """One line: so many of one variant. `unit_price` is what the buyer was last shown."""

    cart = models.ForeignKey(Cart, models.CASCADE, related_name="items", db_index=False)
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cart_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="cart_quantity_gte_1"),
        ]


class Wishlist(TimeStampedModel):
    """What a customer may want to buy one day, under a title of his."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="wishlists", db_index=False)
    title = models.CharField(max_length=TITLE_LENGTH)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "title"], name="wishlist_title_once")]

    def __str__(self) -> str:
        return self.title


class WishlistItem(models.Model):
    """One variant on a wishlist, whether it is for sale at the moment or not."""

    wishlist = models.ForeignKey(Wishlist, models.CASCADE, related_name="items", db_index=False)
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["wishlist", "variant"], name="wishlist_variant_once")]


class StockAlert(models.Model):
    """A customer waits for a sold-out variant: one mail when it is in stock again, and the row is gone."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="stock_alerts")
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["variant", "customer"], name="stock_alert_once")]

    def __str__(self) -> str:
        return f"{self.customer_id} waits for {self.variant_id}"
