"""Ways to send an order."""

from django.db import models
from django.db.models import Q

from core.models import TimeStampedModel


class ShippingMethod(TimeStampedModel):
    """A way to send an order, at a flat price wherever it goes."""

    code = models.SlugField(max_length=32, unique=True)
    label = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    delivery_days = models.PositiveSmallIntegerField()
    is_active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.CheckConstraint(condition=Q(price__gte=0), name="shipping_price_gte_0")]

    def __str__(self) -> str:
        return self.label
