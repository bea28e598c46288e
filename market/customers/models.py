"""What the shop knows of a person who signs in."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import TimeStampedModel


class Customer(TimeStampedModel):
    """The shop's side of a user. Every user has exactly one, however the user was made."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="customer")
    phone = models.CharField(max_length=32, blank=True)
    birth_date = models.DateField(null=True, blank=True)

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
