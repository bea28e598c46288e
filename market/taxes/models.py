"""Tax rates by destination and class."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from core.countries import COUNTRY_CODES
from core.models import TimeStampedModel
from market.taxes.rules import STANDARD_CLASS, TAX_CLASS_LENGTH


class TaxRate(TimeStampedModel):
    """The share of tax on a class of goods in a place; an empty country is the rest of the world."""

    name = models.CharField(max_length=100)
    tax_class = models.CharField(max_length=TAX_CLASS_LENGTH, default=STANDARD_CLASS)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166 code; empty: everywhere else")
    region = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="As addresses write it; empty: all of the country",
    )
    rate = models.DecimalField(max_digits=5, decimal_places=4, help_text="0.2000 is 20 percent")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tax_class", "country", "region"], name="tax_rate_once_per_place"),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lt=1), name="tax_rate_is_a_share"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.country and self.country not in COUNTRY_CODES:
            raise ValidationError({"country": "This is no ISO 3166 country code, such as GB."})
        if self.region and not self.country:
            raise ValidationError({"region": "Name the country too."})
        if self.rate is not None and not 0 <= self.rate < 1:
            raise ValidationError({"rate": "This is a share: 0 or more, and below 1."})
        for region in self._other_regions():
            if region != self.region and region.casefold() == self.region.casefold():
                raise ValidationError({"region": f"There is a rate for this region already: {region}."})

    @property
    def is_rest_of_world(self) -> bool:
        """Whether this is what every class and country without a rate of its own pays."""
        return not self.country and self.tax_class == STANDARD_CLASS

    def _other_regions(self) -> list[str]:
        """The regions of the country with a rate for the class: their names are told apart without case."""
        if not self.region:
            return []
        others = TaxRate.objects.filter(tax_class=self.tax_class, country=self.country).exclude(pk=self.pk)
        return list(others.order_by("pk").values_list("region", flat=True))
