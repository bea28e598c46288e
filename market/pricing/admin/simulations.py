"""What simulations of promotions have found: a page with a plot, and the orders as a file."""

import json
import uuid
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from core.operations.models import Run
from core.operations.registry import operations_for
from core.plots import HEIGHT, LEFT, RIGHT, WIDTH, plot_of
from core.readonly_admin import ReadOnlyAdmin
from core.spreadsheets import csv_response
from market.pricing import selectors
from market.pricing.models import Promotion, Simulation
from market.pricing.services.simulating import SIMULATE_PROMOTION


@admin.register(Simulation)
class SimulationAdmin(ReadOnlyAdmin):
    """Simulations, newest first; whoever may not simulate does not see them. They begin as runs."""

    list_display = ["__str__", "promotion", "state", "is_changed", "created_at"]
    list_select_related = ["run"]
    search_fields = ["label", "=promotion"]
    search_help_text = "What buyers see, or the number of the promotion"

    @admin.display(ordering="run__state")
    def state(self, simulation: Simulation) -> str:
        return simulation.run.state

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Simulation | None = None) -> bool:
        return any(operation.name == SIMULATE_PROMOTION for operation in operations_for(request.user))

    def has_change_permission(self, request: HttpRequest, obj: Simulation | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Simulation]:
        return selectors.simulations_for(user=request.user)

    def get_urls(self) -> list[Any]:
        file = path(
            "<uuid:run_id>/orders.csv", self.admin_site.admin_view(self.file_view), name="pricing_simulation_file"
        )
        return [file, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """All that was found so far."""
        simulation = self.get_object(request, object_id)
        if simulation is None:
            raise Http404
        has_orders = selectors.may_see_orders(request.user)
        result = selectors.simulation_result(simulation, has_orders=has_orders)
        context = {
            "opts": self.opts,
            "title": f"Simulation of {simulation}",
            "simulation": simulation,
            "result": result,
            "has_orders": has_orders,
            "is_moving": simulation.run.state in Run.WORKABLE,
            "promotion_exists": Promotion.objects.filter(pk=simulation.promotion).exists(),
            "plot": plot_of({day.day: (day.before, day.after, day.cost) for day in result.days}),
            "examples": [
                ("Orders that lose the most of their goods' price", result.warned),
                ("Orders sold furthest below their cost", result.below_cost),
            ],
            "rules": json.dumps(simulation.rules, indent=2),
            "area": {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT},
        }
        whole = self.admin_site.each_context(request) | context
        return TemplateResponse(request, "admin/pricing/simulation/result.html", whole)

    def file_view(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        """The orders as CSV, for who may view orders."""
        if not self.get_queryset(request).filter(pk=run_id).exists():
            raise Http404
        if not selectors.may_see_orders(request.user):
            raise PermissionDenied
        return csv_response(selectors.simulation_rows(run_id=run_id), name=f"simulation-{run_id}")
