"""Try a promotion over orders of the past: what it would have cost, and what would have become of the others."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet

from core.api.parsers import read_strictly
from core.errors import Invalid
from core.operations.models import Run
from core.operations.registry import Failure, Operation, Outcome, Plan, Row, register
from market.orders.models import Order
from market.orders.selectors import PastQuote, past_quotes, simulated_uses
from market.pricing.models import Promotion, Simulation
from market.pricing.services import read_rules
from market.pricing.services.simulating import (
    MOST_ORDERS,
    SIMULATE_PROMOTION,
    USUAL_ORDERS,
    WARN_PERCENT,
    PastCart,
    begin_simulation,
    simulate_orders,
)

UNREADABLE = "What it was priced from cannot be read."


class RulesField(forms.JSONField):
    """Rules, or none; read as bodies are."""

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or value in self.empty_values:
            return super().to_python(value)
        try:
            return read_strictly(value)
        except ValueError as refusal:
            raise forms.ValidationError(str(refusal), code="invalid") from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What cannot be read is shown as it was written."""
        try:
            return self.to_python(data)
        except forms.ValidationError:
            return forms.fields.InvalidJSONInput(data)

    def prepare_value(self, value: Any) -> Any:
        return None if value is None else super().prepare_value(value)


class MomentField(forms.DateTimeField):
    """A time that is kept with its zone."""

    def prepare_value(self, value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else value


class SimulationForm(forms.Form):
    """What is tried, and over which orders."""

    promotion = forms.ModelChoiceField(Promotion.objects.order_by("-pk"), help_text="Draft, active or archived.")
    rules = RulesField(
        required=False,
        label="Other rules",
        widget=forms.Textarea(attrs={"rows": 6, "cols": 80}),
        help_text="Other rules than those it has, as docs/pricing.md tells them; nothing is saved of them.",
    )
    orders = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_ORDERS,
        help_text=f"So many of the newest; without it {USUAL_ORDERS:,}, or with a time all, up to {MOST_ORDERS:,}.",
    )
    placed_after = MomentField(required=False, help_text="Only orders placed at this time or later.")
    placed_before = MomentField(required=False, help_text="Only orders placed before this time.")
    everyone_has_code = forms.BooleanField(
        required=False, help_text="As if every buyer had entered a code of it; else only those who had one."
    )
    keep_period = forms.BooleanField(
        required=False, help_text="Give it only within its own period; else it is given all the time."
    )
    shelves_of_today = forms.BooleanField(
        required=False,
        help_text="Take categories, collections and attributes of goods as they are today, not as they were then.",
    )
    warn_percent = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        initial=WARN_PERCENT,
        help_text="Warn of goods sold for less than this part of their price before discounts.",
    )

    def clean_rules(self) -> dict[str, Any] | None:
        rules = self.cleaned_data["rules"]
        if rules in (None, ""):
            return None
        if not isinstance(rules, dict):
            raise forms.ValidationError("Give an object, with a kind.", code="invalid")
        promotion = self.cleaned_data.get("promotion")
        try:
            read_rules(label="" if promotion is None else promotion.label, rules=rules)
        except Invalid as refusal:
            raise forms.ValidationError(
                [forms.ValidationError(f"{e.field}: {e.message}", code=e.code) for e in refusal.errors]
            ) from None
        return rules

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        after, before = values.get("placed_after"), values.get("placed_before")
        if after and before and after >= before:
            self.add_error(
                "placed_before", forms.ValidationError("Give a later time than `placed_after`.", code="invalid")
            )
        return values


@register
class SimulatePromotion(Operation):
    """The orders in the order in which they were placed, but for those canceled or in another currency than the shop's.

    A row's key is its moment and its id. What earlier orders have used is read from the run's own rows, so
    that a batch goes on where the committed one before it ended. Failed rows that are tried again come after all
    others: what these have used is gone.
    """

    name = SIMULATE_PROMOTION
    title = "Simulate a promotion"
    description = (
        "Prices past orders again with a promotion: what it costs, how often it wins, which others it displaces, "
        "and which orders are sold below their cost. No order changes."
    )
    permission = "pricing.change_promotion"
    form = SimulationForm
    has_dry_run = False
    result_page = "admin:pricing_simulation_change"
    failure_columns = ("order",)
    batch_size = 500

    @classmethod
    def form_to_go_on(cls, *, params: Mapping[str, Any], run_id: uuid.UUID) -> forms.Form:
        """What is tried was fixed when the run began: a draft, and what its rules name, may be deleted since."""
        form = super().form_to_go_on(params=params, run_id=run_id)
        if Simulation.objects.filter(pk=run_id).exists():
            del form.fields["promotion"], form.fields["rules"]
        elif Run.objects.filter(pk=run_id, total__isnull=False).exists():
            raise Invalid("What it has found was deleted, as it is old: simulate anew.")
        return form

    def plan(self) -> Plan:
        newest, most = self._summable().order_by("-placed_at", "-pk").values_list("placed_at", "pk"), self._most()
        begin_simulation(
            run_id=self.run_id,
            promotion=self.params["promotion"],
            rules=self.params["rules"],
            keep_period=self.params["keep_period"],
            everyone_has_code=self.params["everyone_has_code"],
            shelves_of_today=self.params["shelves_of_today"],
            warn_percent=self.params["warn_percent"] or WARN_PERCENT,
        )
        if (last := newest.first()) is None:
            return Plan(total=0)
        # Orders may be canceled between these statements: none of them relies on what another has found.
        first = newest[most - 1 : most].first() or newest.last() or last
        others = self._orders().exclude(currency=settings.SHOP_CURRENCY)
        left_out = others.filter(from_place(key_of(*first)), up_to_place(key_of(*last))).count()
        return Plan(
            total=newest[:most].count(),
            bounds={"first": key_of(*first), "last": key_of(*last)},
            counts={"orders in other currencies, left out": left_out} if left_out else {},
        )

    def rows(self, *, bounds: Mapping[str, Any], cursor: str, limit: int) -> list[Row]:
        if not bounds:
            return []
        ahead = self._summable().filter(from_place(cursor or bounds["first"]), up_to_place(bounds["last"]))
        if cursor:
            ahead = ahead.exclude(pk=place_of(cursor)[1])
        orders = ahead.order_by("placed_at", "pk")
        return [Row(key_of(*order)) for order in orders.values_list("placed_at", "pk")[:limit]]

    def rows_of(self, *, keys: Sequence[str]) -> list[Row]:
        wanted = {place_of(key)[1] for key in keys}
        orders = Order.objects.filter(pk__in=wanted).order_by("placed_at", "pk").values_list("placed_at", "pk")
        return [Row(key_of(*order)) for order in orders]

    def process_batch(self, rows: Sequence[Row]) -> Outcome:
        keys = {place_of(row.key)[1]: row.key for row in rows}
        quotes = past_quotes(order_ids=list(keys))
        key_by_number = {past.number: keys[past.order_id] for past in quotes}
        carts = [cart_of(past) for past in quotes if past.quote_input is not None]
        told = simulate_orders(
            run_id=self.run_id,
            carts=carts,
            uses_of=lambda identities, promotions: simulated_uses(
                run_id=self.run_id, identities=identities, promotions=promotions
            ),
        )
        without_shelves = {past.number for past in quotes if not past.has_shelves}
        refused = {
            past.number: ("unreadable", UNREADABLE) for past in quotes if past.quote_input is None
        } | told.refused
        return Outcome(
            failures=[Failure(key_by_number[number], *why, {"order": number}) for number, why in refused.items()],
            counts={
                "orders changed": sum(order.total_after != order.total_before for order in told.orders),
                "orders where it is given": sum(order.outcome == "applied" for order in told.orders),
                "orders priced by lines alone": sum(order.number in without_shelves for order in told.orders),
            },
        )

    def _orders(self) -> QuerySet[Order]:
        orders = Order.objects.exclude(status=Order.Status.CANCELED)
        if self.params["placed_after"]:
            orders = orders.filter(placed_at__gte=self.params["placed_after"])
        if self.params["placed_before"]:
            orders = orders.filter(placed_at__lt=self.params["placed_before"])
        return orders

    def _summable(self) -> QuerySet[Order]:
        """Those in the shop's currency: amounts in others add up to nothing."""
        return self._orders().filter(currency=settings.SHOP_CURRENCY)

    def _most(self) -> int:
        has_time = self.params["placed_after"] or self.params["placed_before"]
        return self.params["orders"] or (MOST_ORDERS if has_time else USUAL_ORDERS)


def cart_of(past: PastQuote) -> PastCart:
    """The order as it is simulated."""
    return PastCart(
        number=past.number,
        placed_at=past.placed_at,
        identity=past.identity,
        total=past.total,
        quote_input=past.quote_input,
        has_shelves=past.has_shelves,
    )


def key_of(placed_at: datetime, order_id: int) -> str:
    """The place of an order in the run."""
    return f"{placed_at.isoformat()} {order_id}"


def place_of(key: str) -> tuple[datetime, int]:
    """What `key_of` was given."""
    placed_at, _, order_id = key.rpartition(" ")
    return datetime.fromisoformat(placed_at), int(order_id)


def from_place(key: str) -> Q:
    """The order at this place and those behind it; the first condition is one for the index."""
    placed_at, order_id = place_of(key)
    return Q(placed_at__gte=placed_at) & (Q(placed_at__gt=placed_at) | Q(pk__gte=order_id))


def up_to_place(key: str) -> Q:
    """The order at this place and those before it."""
    placed_at, order_id = place_of(key)
    return Q(placed_at__lte=placed_at) & (Q(placed_at__lt=placed_at) | Q(pk__lte=order_id))
