"""Trying a promotion over past orders: started here, and told as a document and as a file."""

import uuid
from typing import Any

from django.conf import settings
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.moments import MomentField
from core.api.renderers import EnvelopeRenderer, JSONRenderer
from core.operations.api.renderers import CSVRenderer
from core.operations.api.serializers import REASON_LENGTH, RunSerializer
from core.operations.models import Run
from core.spreadsheets import csv_response
from market.pricing import selectors
from market.pricing.api.serializers import PromotionWriteSerializer
from market.pricing.models import Promotion, Simulation
from market.pricing.services.simulating import MOST_ORDERS, USUAL_ORDERS, WARN_PERCENT, request_simulation


def amount(**options: Any) -> serializers.DecimalField:
    """An amount that may be below zero, or a sum of many."""
    return serializers.DecimalField(max_digits=20, decimal_places=2, **options)


class SimulationChangesSerializer(PromotionWriteSerializer):
    """Fields of the promotion that are tried in place of its own; nothing is saved of them."""

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields


class SimulateSerializer(serializers.Serializer):
    """What is tried, and over which orders."""

    orders = serializers.IntegerField(
        min_value=1,
        max_value=MOST_ORDERS,
        required=False,
        help_text=f"So many of the newest. Without it {USUAL_ORDERS}, or with a time all, up to {MOST_ORDERS}.",
    )
    placed_after = MomentField(required=False, help_text="At this time or later.")
    placed_before = MomentField(required=False)
    changes = SimulationChangesSerializer(required=False)
    everyone_has_code = serializers.BooleanField(
        required=False, default=False, help_text="As if every buyer had entered a code of it."
    )
    keep_period = serializers.BooleanField(
        required=False, default=False, help_text="Give it within its own period only, else all the time."
    )
    shelves_of_today = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Take categories, collections and attributes of goods as they are today, not as they were then.",
    )
    warn_percent = serializers.IntegerField(
        min_value=1,
        max_value=100,
        required=False,
        default=WARN_PERCENT,
        help_text="Warn of goods sold for less than this part of their price before discounts.",
    )
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=REASON_LENGTH)


class SimulationCostSerializer(serializers.Serializer):
    """What buyers would have paid less; below zero when they would have paid more."""

    total = amount()
    per_order = amount(allow_null=True)
    per_changed_order = amount(allow_null=True)


class SimulationBeforeAfterSerializer(serializers.Serializer):
    """An amount as it was and as it would have been."""

    before = amount(allow_null=True)
    after = amount(allow_null=True)


class SimulationMarginSerializer(SimulationBeforeAfterSerializer):
    """What goods whose cost is known bring above it, without tax: null when none is. `orders` have such goods."""

    orders = serializers.IntegerField()
    orders_below_cost_before = serializers.IntegerField()
    orders_below_cost_after = serializers.IntegerField()


class SimulatedOrderSerializer(serializers.Serializer):
    """An order that staff should look at. `goods` are before discounts."""

    number = serializers.CharField()
    goods = amount()
    goods_before = amount()
    goods_after = amount()
    total_before = amount()
    total_after = amount()
    margin_after = amount(allow_null=True)


class SimulationWarningsSerializer(serializers.Serializer):
    """Orders whose goods, or all, would be for nothing and were not; or whose goods would cost less than
    `warn_percent` of their price before discounts. `examples` are those that lose the most."""

    goods_free = serializers.IntegerField()
    orders_free = serializers.IntegerField()
    warn_percent = serializers.IntegerField()
    goods_below = serializers.IntegerField()
    examples = SimulatedOrderSerializer(many=True)
    below_cost = SimulatedOrderSerializer(many=True)


class SimulationWinnerSerializer(serializers.Serializer):
    """In how many orders a promotion is given and what it gives; in `displaced` it was and would not be."""

    promotion = serializers.IntegerField()
    label = serializers.CharField()
    orders_before = serializers.IntegerField()
    orders_after = serializers.IntegerField()
    given_before = amount()
    given_after = amount()
    displaced = serializers.IntegerField()


class SimulationRefusalSerializer(serializers.Serializer):
    """Why it is not given, and in how many orders."""

    code = serializers.CharField()
    orders = serializers.IntegerField()


class SimulationConflictSerializer(SimulationRefusalSerializer):
    """Who beats it where it would be given alone."""

    winner = serializers.IntegerField()
    winner_label = serializers.CharField()


class SimulationDaySerializer(serializers.Serializer):
    """What the orders of a day came to, and would have come to."""

    day = serializers.DateField()
    orders = serializers.IntegerField()
    revenue_before = amount()
    revenue_after = amount()


class SimulationSerializer(serializers.Serializer):
    """What a simulation has found so far; all of it once the run has finished."""

    run = serializers.UUIDField()
    state = serializers.ChoiceField(Run.State.choices)
    promotion = serializers.IntegerField()
    label = serializers.CharField()
    version = serializers.IntegerField()
    is_changed = serializers.BooleanField(help_text="Whether other rules were tried than those of the version.")
    rules = serializers.DictField(help_text="What was tried, as docs/pricing.md tells.")
    orders = serializers.IntegerField()
    orders_changed = serializers.IntegerField()
    orders_given = serializers.IntegerField()
    first_placed_at = serializers.DateTimeField(allow_null=True)
    last_placed_at = serializers.DateTimeField(allow_null=True)
    currency = serializers.CharField()
    cost = SimulationCostSerializer()
    given_total = amount(help_text="What the promotion gives, gifts included, before others give less for it.")
    revenue = SimulationBeforeAfterSerializer()
    margin = SimulationMarginSerializer()
    warnings = SimulationWarningsSerializer()
    promotions = SimulationWinnerSerializer(many=True)
    conflicts = SimulationConflictSerializer(many=True)
    refusals = SimulationRefusalSerializer(many=True)
    days = SimulationDaySerializer(many=True)


class SimulateViewSet(viewsets.GenericViewSet):
    """Starting a simulation of a promotion."""

    queryset = Promotion.objects.none()
    serializer_class = SimulateSerializer
    permission_of_action = {"simulate": "change"}

    @extend_schema(request=SimulateSerializer, responses={201: RunSerializer})
    def simulate(self, request: Request, promotion_id: int) -> Response:
        """Try it over past orders in the background; `GET /simulations/{id of the run}/` tells what it finds."""
        body = SimulateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        run = request_simulation(promotion_id=promotion_id, user_id=request.user.pk, **body.validated_data)
        return Response(RunSerializer(run).data, status=status.HTTP_201_CREATED)


class SimulationViewSet(viewsets.GenericViewSet):
    """What a simulation has found."""

    queryset = Simulation.objects.none()
    permission_model = Promotion
    serializer_class = SimulationSerializer
    permission_of_action = {"retrieve": "change"}

    def retrieve(self, request: Request, pk: uuid.UUID) -> Response:
        found = selectors.simulation_for(user=request.user, run_id=pk)
        result = selectors.simulation_result(found, has_orders=selectors.may_see_orders(request.user))
        return Response(SimulationSerializer(simulation_document(result)).data)


class SimulationFileViewSet(viewsets.GenericViewSet):
    """The orders of a simulation as a spreadsheet."""

    queryset = Simulation.objects.none()
    permission_model = Promotion
    serializer_class = SimulationSerializer
    permission_of_action = {"retrieve": "change"}
    renderer_classes = [CSVRenderer, JSONRenderer, EnvelopeRenderer]

    @extend_schema(operation_id="simulations_file", responses={(200, "text/csv"): OpenApiTypes.STR})
    def retrieve(self, request: Request, pk: uuid.UUID) -> StreamingHttpResponse:
        found = selectors.simulation_for(user=request.user, run_id=pk)
        if not selectors.may_see_orders(request.user):
            raise PermissionDenied
        return csv_response(selectors.simulation_rows(run_id=found.pk), name=f"simulation-{found.pk}")


def simulation_document(result: selectors.SimulationResult) -> dict[str, Any]:
    """The result as `SimulationSerializer` shows it."""
    simulation, totals = result.simulation, result.totals
    return {
        "run": simulation.pk,
        "state": simulation.run.state,
        "promotion": simulation.promotion,
        "label": simulation.label,
        "version": simulation.version,
        "is_changed": simulation.is_changed,
        "rules": simulation.rules,
        "orders": totals["orders"],
        "orders_changed": totals["changed"],
        "orders_given": totals["applied"],
        "first_placed_at": totals["first_placed_at"],
        "last_placed_at": totals["last_placed_at"],
        "currency": settings.SHOP_CURRENCY,
        "cost": {
            "total": result.cost,
            "per_order": result.per_order,
            "per_changed_order": result.per_changed_order,
        },
        "given_total": totals["given_sum"],
        "revenue": {"before": totals["before_sum"], "after": totals["after_sum"]},
        "margin": {
            "before": totals["margin_before_sum"],
            "after": totals["margin_after_sum"],
            "orders": totals["margin_orders"],
            "orders_below_cost_before": totals["below_cost_before"],
            "orders_below_cost_after": totals["below_cost_after"],
        },
        "warnings": {
            "goods_free": totals["free_goods"],
            "orders_free": totals["free_altogether"],
            "warn_percent": simulation.warn_percent,
            "goods_below": totals["too_cheap"],
            "examples": result.warned,
            "below_cost": result.below_cost,
        },
        "promotions": result.promotions,
        "conflicts": result.conflicts,
        "refusals": result.refusals,
        "days": [
            {"day": day.day, "orders": day.orders, "revenue_before": day.before, "revenue_after": day.after}
            for day in result.days
        ],
    }
