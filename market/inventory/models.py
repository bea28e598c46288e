"""How many units there are, why, and for whom some are kept."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from market.catalog.models import Variant

DEFAULT_LOCATION = "default"


class StockItem(models.Model):
    """The units of one variant that are sold from; moves only through `services`."""

    variant = models.OneToOneField(Variant, models.CASCADE, primary_key=True, related_name="stock")
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    low_stock_threshold = models.PositiveIntegerField(default=5)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(reserved__gte=0), name="stock_reserved_gte_0"),
            models.CheckConstraint(condition=Q(reserved__lte=F("on_hand")), name="stock_reserved_lte_on_hand"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.available} available"

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class StockMovement(models.Model):
    """One line of the ledger: units that came or went, never edited. `on_hand` is their sum."""

    class Kind(models.TextChoices):
        OPENING = "opening"
        ADJUSTMENT = "adjustment"
        SHIPMENT = "shipment"
        RETURN = "return"

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="stock_movements")
    kind = models.CharField(max_length=16, choices=Kind)
    quantity = models.IntegerField(help_text="Positive: came; negative: went")
    location = models.CharField(max_length=32, default=DEFAULT_LOCATION)
    reason = models.CharField(max_length=255, blank=True)
    reference = models.CharField(max_length=64, blank=True, help_text="For example the order's number")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="stock_movement_moves")]

    def __str__(self) -> str:
        return f"{self.quantity:+} {self.kind}"


class AwaitedStock(models.Model):
    """A variant that somebody waits for: when it is in stock again, that is published and this row goes."""

    variant = models.OneToOneField(Variant, models.CASCADE, primary_key=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.variant_id)


class Reservation(models.Model):
    """Units of one variant kept for one order.

    `held` until `expires_at`; `committed` once paid or confirmed (no expiry); `consumed` when
    shipped; `released` when the units went back to sale.
    """

    class State(models.TextChoices):
        HELD = "held"
        COMMITTED = "committed"
        CONSUMED = "consumed"
        RELEASED = "released"

    variant = models.ForeignKey(Variant, models.PROTECT, related_name="reservations")
    reference = models.CharField(max_length=64, help_text="The order's number")
    quantity = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=State, default=State.HELD)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reference", "variant"], name="reservation_once_per_line"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservation_quantity_gt_0"),
            models.CheckConstraint(
                condition=(Q(state="held") & Q(expires_at__isnull=False))
                | (~Q(state="held") & Q(expires_at__isnull=True)),
                name="reservation_only_held_expires",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="reservation_expires_at", condition=Q(state="held")),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.state} for {self.reference}"
