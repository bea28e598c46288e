"""What the shop knows of a person who signs in."""

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import TimeStampedModel
from market.customers.rules import is_birth_date


def check_birth_date(day: date) -> None:
    """Raises ValidationError for a day on which no customer can have been born."""
    if not is_birth_date(day, today=timezone.now().date()):
        raise ValidationError("Give a date between 1900 and today.", code="out_of_range")


class Customer(TimeStampedModel):
    """The shop's side of a user. Every user has exactly one, however the user was made."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="customer")
    phone = models.CharField(max_length=32, blank=True)
    birth_date = models.DateField(null=True, blank=True, validators=[check_birth_date])

    class Meta:
        permissions = [("view_customer_history", "Can view what a customer has ordered")]

    def __str__(self) -> str:
        return str(self.user)


class Address(TimeStampedModel):
    """Where a customer gets parcels or invoices. Orders copy it, so that it may change and go."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="addresses")
    name = models.CharField(max_length=200)
    line1 = models.CharField(max_length=200)
    line2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100)
    region = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20)
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=32, blank=True)
    is_default_shipping = models.BooleanField(default=False)
    is_default_billing = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(is_default_shipping=True), name="address_default_shipping_once"
            ),
            models.UniqueConstraint(
                fields=["customer"], condition=Q(is_default_billing=True), name="address_default_billing_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.city}"


class MembershipTier(TimeStampedModel):
    """A level that customers reach by what they spent in twelve months, and what it brings them.

    `rank` orders the tiers; thresholds rise with it, and the lowest is everybody's.
    """

    class Code(models.TextChoices):
        BRONZE = "bronze"
        SILVER = "silver"
        GOLD = "gold"

    code = models.CharField(max_length=16, choices=Code, unique=True, editable=False)
    rank = models.PositiveSmallIntegerField(unique=True, editable=False)
    title = models.CharField(max_length=50)
    threshold = models.DecimalField(max_digits=12, decimal_places=2, help_text="Spent in the last 12 months")
    discount_percent = models.DecimalField(
        max_digits=5, decimal_places=2, default=Decimal("0.00"), help_text="Off the merchandise, 0 to 100"
    )
    has_free_shipping = models.BooleanField(default=False)

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["threshold"], name="tier_threshold_once"),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="tier_threshold_gte_0"),
            models.CheckConstraint(
                condition=Q(discount_percent__gte=0, discount_percent__lte=100), name="tier_percent_0_to_100"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Membership(TimeStampedModel):
    """A customer's tier as it was last computed. Who never completed an order has no row and the lowest tier."""

    customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True, related_name="membership")
    tier = models.ForeignKey(MembershipTier, models.PROTECT, related_name="memberships")
    since = models.DateTimeField(help_text="When this tier was reached")
    spent_12m = models.DecimalField(max_digits=12, decimal_places=2)
    below_since = models.DateTimeField(null=True, help_text="Since when too little was spent for this tier")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(spent_12m__gte=0), name="membership_spent_gte_0")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.tier_id}"


class MembershipChange(models.Model):
    """One line of a customer's history as a member; never changed."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="membership_changes")
    from_tier = models.ForeignKey(MembershipTier, models.PROTECT, related_name="+", db_index=False)
    to_tier = models.ForeignKey(MembershipTier, models.PROTECT, related_name="+", db_index=False)
    spent_12m = models.DecimalField(max_digits=12, decimal_places=2)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.from_tier_id} -> {self.to_tier_id}"
