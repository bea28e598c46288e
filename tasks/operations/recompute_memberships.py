"""Give every customer the tier of what he spent in the last twelve months."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from core.operations.models import Run
from core.operations.registry import Operation, Outcome, Plan, Row, register
from core.operations.services import create_run, start_run
from market.checkout.services import recompute_memberships
from market.customers.models import Customer
from tasks.operations.import_online_retail import NoParameters


@register
class RecomputeMemberships(Operation):
    """Every customer by id; those who come while it runs have bought nothing before.

    A batch waits for a customer whom somebody else holds instead of leaving him out, as his next turn
    is a day away; it holds no more than its own customers meanwhile, in the order of their ids.
    """

    name = "recompute_memberships"
    title = "Recompute memberships"
    description = "Gives every customer the tier of what he spent in twelve months. It is done every night anyway."
    permission = "customers.change_membershiptier"
    form = NoParameters
    failure_columns = ("customer",)
    # 500 customers with their orders take about 40 ms.
    batch_size = 500

    def plan(self) -> Plan:
        bounds = {"last": Customer.objects.aggregate(last=Max("pk"))["last"] or 0}
        return Plan(total=Customer.objects.filter(pk__lte=bounds["last"]).count(), bounds=bounds)

    def rows(self, *, bounds: Mapping[str, Any], cursor: str, limit: int) -> list[Row]:
        ids = Customer.objects.filter(pk__gt=int(cursor or 0), pk__lte=bounds["last"]).order_by("pk")
        return [Row(str(pk)) for pk in ids.values_list("pk", flat=True)[:limit]]

    def rows_of(self, *, keys: Sequence[str]) -> list[Row]:
        ids = Customer.objects.filter(pk__in=map(int, keys)).order_by("pk").values_list("pk", flat=True)
        return [Row(str(pk)) for pk in ids]

    def process_batch(self, rows: Sequence[Row]) -> Outcome:
        changes = recompute_memberships(customer_ids=[int(row.key) for row in rows])
        return Outcome(
            changes=[
                {"row": str(change.customer_id), "field": "tier", "before": change.before, "after": change.after}
                for change in changes
            ],
            counts={
                "up": sum(change.is_up for change in changes),
                "down": sum(not change.is_up for change in changes),
            },
        )


@shared_task(name="customers.recompute_memberships")
@transaction.atomic
def recompute_every_night() -> None:
    """Start the run of this day; asked again it is the same run."""
    today = timezone.now().date()
    run_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{RecomputeMemberships.name}/{today}")
    run = create_run(operation=RecomputeMemberships, params={}, reason=f"Every night: {today}", run_id=run_id)
    if run.state == Run.State.CREATED:
        start_run(run_id=run.pk)
