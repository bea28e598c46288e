"""What the rows of a simulation add up to."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Case, Count, F, Max, Min, Q, Sum, When

APPLIED = "applied"


class SimulatedOrderQuerySet(models.QuerySet):
    """Orders as they were and as they would have been."""

    def warned(self, percent: int) -> "SimulatedOrderQuerySet":
        """Whose goods, or all, would be for nothing, and were not; or whose goods are too cheap."""
        return self.filter(FREE_GOODS | FREE_ALTOGETHER | too_cheap(percent))

    def below_cost(self) -> "SimulatedOrderQuerySet":
        """Which would be sold below their cost, and further below than they were."""
        return self.filter(Q(margin_after__lt=0), Q(margin_after__lt=F("margin_before")))

    def totals(self, *, warn_percent: int) -> dict[str, Any]:
        """How many, and the sums: one statement."""
        return self.aggregate(
            orders=Count("pk"),
            first_placed_at=Min("placed_at"),
            last_placed_at=Max("placed_at"),
            changed=Count("pk", filter=~Q(total_after=F("total_before"))),
            applied=Count("pk", filter=Q(outcome=APPLIED)),
            given_sum=Sum("given"),
            before_sum=Sum("total_before"),
            after_sum=Sum("total_after"),
            free_goods=Count("pk", filter=FREE_GOODS),
            free_altogether=Count("pk", filter=FREE_ALTOGETHER),
            too_cheap=Count("pk", filter=too_cheap(warn_percent)),
            margin_orders=Count("pk", filter=COMPARABLE),
            margin_before_sum=Sum("margin_before", filter=COMPARABLE),
            margin_after_sum=Sum("margin_after", filter=COMPARABLE),
            below_cost_before=Count("pk", filter=COMPARABLE & Q(margin_before__lt=0)),
            below_cost_after=Count("pk", filter=COMPARABLE & Q(margin_after__lt=0)),
        )

    def by_day(self) -> "models.QuerySet":
        """Sums per day of the shop, in order: one statement."""
        days = self.order_by("day").values("day")
        return days.annotate(orders=Count("pk"), before=Sum("total_before"), after=Sum("total_after"))

    def by_outcome(self) -> "models.QuerySet":
        """How often each outcome came about, of which there are few; the most frequent first: one statement."""
        return self.values("outcome").annotate(orders=Count("pk")).order_by("-orders", "outcome")

    def by_winner(self) -> "models.QuerySet":
        """The same by whoever won, the most frequent first: one statement."""
        return self.values("outcome", "winner").annotate(orders=Count("pk")).order_by("-orders", "outcome", "winner")


class SimulatedUseQuerySet(models.QuerySet):
    """What promotions gave and would have given."""

    def by_promotion(self, *, first: int) -> "models.QuerySet":
        """How often each wins and what it gives, before and after, one of them before others; whom it is taken from:
        one statement."""
        return (
            self.values("promotion")
            .annotate(
                orders_before=Count("before"),
                orders_after=Count("after"),
                given_before=Sum("before"),
                given_after=Sum("after"),
                displaced=Count("pk", filter=Q(before__isnull=False, after=None)),
            )
            .order_by(Case(When(promotion=first, then=0), default=1), "-orders_after", "-orders_before", "promotion")
        )


# Only of these both margins are summed, so that the sums are of the same orders.
COMPARABLE = Q(margin_before__isnull=False, margin_after__isnull=False)
FREE_GOODS = Q(goods_before__gt=0, goods_after=0)
FREE_ALTOGETHER = Q(total_before__gt=0, total_after=0)


def too_cheap(percent: int) -> Q:
    """Whose goods would cost less than they did, and less than this part of their price before discounts."""
    return Q(goods_after__lt=F("goods_before")) & Q(goods_after__lt=F("goods") * Decimal(percent) / 100)
