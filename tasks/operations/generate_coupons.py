"""Make many codes of a promotion, which nobody can guess."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from core.errors import Invalid
from core.operations.registry import Claim, Operation, Outcome, Plan, Row, register
from market.pricing import services
from market.pricing.models import CODE_LENGTH, LABEL_LENGTH, Coupon, Promotion
from market.pricing.rules.limits import MAX_COUNT
from market.pricing.services.coupons import (
    ANY_NUMBER,
    ASKED_BEFORE,
    GENERATE_COUPONS,
    MOST_AT_ONCE,
    require_codes_needed,
    run_of_batch,
)


class GenerateForm(forms.Form):
    """Of which promotion, how many, and how often each can be used."""

    promotion = forms.ModelChoiceField(Promotion.objects.order_by("-pk"))
    count = forms.IntegerField(min_value=1, max_value=MOST_AT_ONCE, help_text=f"At most {MOST_AT_ONCE:,}.")
    usage_limit = forms.IntegerField(
        min_value=ANY_NUMBER,
        max_value=MAX_COUNT,
        required=False,
        label="Orders per code",
        help_text="1 unless given; 0 is any number.",
    )
    prefix = forms.CharField(max_length=CODE_LENGTH, required=False, help_text="What each code begins with.")
    batch = forms.CharField(
        max_length=LABEL_LENGTH,
        required=False,
        help_text="A name for these codes, to find them by; named after the run unless given.",
    )

    def clean_usage_limit(self) -> int:
        limit = self.cleaned_data["usage_limit"]
        return 1 if limit is None else limit

    def clean_prefix(self) -> str:
        prefix = self.cleaned_data["prefix"]
        try:
            services.check_prefix(prefix=prefix)
        except Invalid as refusal:
            raise forms.ValidationError(refusal.errors[0].message, code="invalid") from None
        return prefix


@register
class GenerateCoupons(Operation):
    """A row is one code; those of a batch are there when its commit is, so none is made twice."""

    name = GENERATE_COUPONS
    title = "Generate codes"
    description = "Makes codes of a promotion that nobody can guess; they are downloaded as a file from its page."
    permission = "pricing.add_coupon"
    form = GenerateForm
    failure_columns = ("row",)
    result_page = "admin:pricing_codes_of_run"
    batch_size = 2000

    @classmethod
    def claim(cls, *, params: Mapping[str, Any]) -> Claim | None:
        """The name of a batch."""
        if not (batch := params["batch"]):
            return None
        is_made = Coupon.objects.filter(batch=batch).exists()
        return Claim(run_of_batch(batch=batch), "batch", ASKED_BEFORE, is_made)

    def plan(self) -> Plan:
        """Raises Invalid for a batch that exists, and CodeNotNeeded."""
        require_codes_needed(promotion_id=self.params["promotion"].pk)
        services.check_batch(batch=self._batch)
        return Plan(total=self.params["count"])

    def rows(self, *, bounds: Mapping[str, Any], cursor: str, limit: int) -> list[Row]:
        first = int(cursor or 0) + 1
        return [Row(str(number)) for number in range(first, min(first + limit, self.params["count"] + 1))]

    def rows_of(self, *, keys: Sequence[str]) -> list[Row]:
        return [Row(key) for key in keys]

    def process_batch(self, rows: Sequence[Row]) -> Outcome:
        made = services.generate_coupons(
            promotion_id=self.params["promotion"].pk,
            count=len(rows),
            batch=self._batch,
            prefix=self.params["prefix"],
            usage_limit=self.params["usage_limit"] or None,
        )
        return Outcome(counts={"made": len(made)})

    @property
    def _batch(self) -> str:
        return self.params["batch"] or services.batch_of(run_id=self.run_id)
