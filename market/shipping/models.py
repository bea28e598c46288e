"""Where the shop sends, and how."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from core.countries import COUNTRY_CODES
from core.models import TimeStampedModel
from core.saving import require_not_negative
from market.shipping import rules


class ShippingZone(TimeStampedModel):
    """Places to which the same methods go. Where two zones tell a place alike, the first one has it."""

    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class ZoneArea(TimeStampedModel):
    """A country, a region of it or some of its postal codes; the most exact area tells the zone of an address."""

    zone = models.ForeignKey(ShippingZone, models.CASCADE, related_name="areas")
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166 code; empty: everywhere else")
    region = models.CharField(max_length=100, blank=True)
    postal_patterns = models.CharField(
        max_length=500,
        blank=True,
        help_text="With commas between: BT1 1AA is one code, BT* all that begin so, 20000..20999 a range.",
    )

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "country", "region", "postal_patterns"], name="shipping_area_once_per_zone"
            ),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.country or "everywhere else", self.region, self.postal_patterns)))

    @property
    def patterns(self) -> tuple[str, ...]:
        return rules.patterns_of(self.postal_patterns)

    def clean(self) -> None:
        if self.country and self.country not in COUNTRY_CODES:
            raise ValidationError({"country": "This is no ISO 3166 country code, such as GB."})
        for name in ("region", "postal_patterns"):
            if getattr(self, name) and not self.country:
                raise ValidationError({name: "Name the country too."})
        for pattern in self.patterns:
            if not rules.is_postal_pattern(pattern):
                raise ValidationError({"postal_patterns": f"{pattern} is no code, no beginning and no range."})


class ShippingMethod(TimeStampedModel):
    """A way to send an order; without zones it goes everywhere."""

    class Kind(models.TextChoices):
        FLAT = rules.PriceKind.FLAT, "the same for every order"
        BY_WEIGHT = rules.PriceKind.BY_WEIGHT, "by weight"
        BY_SUBTOTAL = rules.PriceKind.BY_SUBTOTAL, "by price of the goods"

    code = models.SlugField(max_length=32, unique=True)
    label = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.FLAT, db_default=Kind.FLAT)
    price = models.DecimalField(
        max_digits=10, decimal_places=2, help_text="For kinds with steps: the price below the first of them."
    )
    free_over = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, help_text="Free for goods of this price or more."
    )
    max_weight_grams = models.PositiveIntegerField(null=True, blank=True)
    zones = models.ManyToManyField(ShippingZone, blank=True, related_name="methods", help_text="None: everywhere.")
    delivery_days = models.PositiveSmallIntegerField(help_text="Days until it arrives, at best.")
    delivery_days_most = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days until it arrives, at worst; empty: as at best."
    )
    is_active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0), name="shipping_price_gte_0"),
            models.CheckConstraint(
                condition=Q(free_over__isnull=True) | Q(free_over__gte=0), name="shipping_free_gte_0"
            ),
            models.CheckConstraint(
                condition=Q(delivery_days_most__isnull=True) | Q(delivery_days_most__gte=models.F("delivery_days")),
                name="shipping_days_rise",
                violation_error_message="It cannot arrive sooner at worst than at best.",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        require_not_negative(self, "price", "free_over")


class ShippingStep(TimeStampedModel):
    """The price of a method from a weight in grams, or from a price of the goods, on."""

    method = models.ForeignKey(ShippingMethod, models.CASCADE, related_name="steps")
    at_least = models.DecimalField("from", max_digits=12, decimal_places=2, help_text="Grams, or money.")
    price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        ordering = ["at_least"]
        constraints = [
            models.UniqueConstraint(fields=["method", "at_least"], name="shipping_step_once_per_method"),
            models.CheckConstraint(condition=Q(at_least__gte=0, price__gte=0), name="shipping_step_gte_0"),
        ]

    def __str__(self) -> str:
        return f"from {self.at_least}: {self.price}"

    def clean(self) -> None:
        require_not_negative(self, "at_least", "price")
