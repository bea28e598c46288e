"""Change prices by a percentage, of all products or of a category with all below it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Max, QuerySet

from core.operations.registry import Failure, Operation, Outcome, Plan, Row, register
from market.catalog.models import Category, Variant
from market.catalog.selectors import variants_to_price
from market.catalog.services import PriceChange, reprice_variants


class RepriceForm(forms.Form):
    """By how much, and what."""

    percent = forms.DecimalField(
        min_value=Decimal("-99.99"),
        max_value=Decimal("1000"),
        max_digits=6,
        decimal_places=2,
        help_text="10 raises prices by a tenth, -10 lowers them by one; each is rounded to the cent.",
    )
    category = forms.ModelChoiceField(
        Category.objects.order_by("slug"),
        to_field_name="slug",
        required=False,
        empty_label="All products",
        help_text="With all categories below it; all products unless given.",
    )

    def clean_percent(self) -> Decimal:
        percent = self.cleaned_data["percent"]
        if percent == 0:
            raise forms.ValidationError("Give a percentage that changes something.", code="no_change")
        return percent


@register
class Reprice(Operation):
    """Each variant exactly once; those that are made while it runs keep their price."""

    name = "reprice"
    title = "Change prices"
    description = (
        "Changes the price of every variant by a percentage. A higher price that is struck through stays, "
        "unless the new price reaches it."
    )
    permission = "catalog.change_variant"
    form = RepriceForm
    failure_columns = ("sku", "price")
    # 500 variants take 60 ms, half of it for their lists; a pause waits no longer than that.
    batch_size = 500

    def plan(self) -> Plan:
        bounds = {"last": self._variants().aggregate(last=Max("pk"))["last"] or 0}
        return Plan(total=self._variants().filter(pk__lte=bounds["last"]).count(), bounds=bounds)

    def rows(self, *, bounds: Mapping[str, Any], cursor: str, limit: int) -> list[Row]:
        ids = self._variants().filter(pk__gt=int(cursor or 0), pk__lte=bounds["last"]).values_list("pk", flat=True)
        return [Row(str(pk)) for pk in ids[:limit]]

    def rows_of(self, *, keys: Sequence[str]) -> list[Row]:
        ids = Variant.objects.filter(pk__in=map(int, keys)).order_by("pk").values_list("pk", flat=True)
        return [Row(str(pk)) for pk in ids]

    def process_batch(self, rows: Sequence[Row]) -> Outcome:
        changes = reprice_variants(variant_ids=[int(row.key) for row in rows], percent=self.params["percent"])
        done = [change for change in changes if change.is_possible]
        changed = [change for change in done if change.after != change.before]
        return Outcome(
            failures=[too_high(change) for change in changes if not change.is_possible],
            changes=[difference(change) for change in changed],
            counts={"changed": len(changed), "unchanged": len(done) - len(changed)},
        )

    def _variants(self) -> QuerySet[Variant]:
        category = self.params.get("category")
        return variants_to_price(category_id=category.pk if category else None)


def difference(change: PriceChange) -> dict[str, str]:
    """The change as staff see it."""
    return {"row": change.sku, "field": "price", "before": str(change.before), "after": str(change.after)}


def too_high(change: PriceChange) -> Failure:
    """A price that no column can hold."""
    cells = {"sku": change.sku, "price": str(change.before)}
    return Failure(str(change.variant_id), "out_of_range", f"{change.after} is more than a price can be.", cells)
