"""What the shop knows of a person who signs in."""

from django.conf import settings
from django.db import models

from core.models import TimeStampedModel


class Customer(TimeStampedModel):
    """The shop's side of a user. Every user has exactly one, however the user was made."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="customer")
    phone = models.CharField(max_length=32, blank=True)
    birth_date = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.user)
