"""Filters of orders."""

from datetime import datetime

from django.db import models


class OrderQuerySet(models.QuerySet):
    """Chainable filters."""

    def of_customer(self, customer_id: int | None) -> "OrderQuerySet":
        """The customer's orders; none for nobody (a guest's orders are opened by token alone)."""
        return self.none() if customer_id is None else self.filter(customer_id=customer_id)

    def overdue(self, now: datetime) -> "OrderQuerySet":
        """Unpaid orders whose time to pay has passed."""
        return self.filter(status="pending", reserved_until__lt=now)

    def newest_first(self) -> "OrderQuerySet":
        return self.order_by("-placed_at", "-pk")
