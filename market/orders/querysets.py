"""Filters of orders."""

from datetime import datetime

from django.db import models

from core.guards import guard_enabled


class OrderQuerySet(models.QuerySet):
    """Chainable filters."""

    def of_customer(self, customer_id: int | None) -> "OrderQuerySet":
        """The customer's orders; none for nobody (a guest's orders are opened by token alone)."""
        return self.none() if customer_id is None else self.filter(customer_id=customer_id)

    def of_guest(self, email: str) -> "OrderQuerySet":
        """Orders placed with this address by whoever had no account, or did not sign in."""
        return self.filter(customer=None, email__iexact=email)

    def overdue(self, now: datetime) -> "OrderQuerySet":
        """Unpaid orders whose time to pay has passed."""
        return self.filter(status="pending", reserved_until__lt=now).exclude(payment_status="complete")

    def for_update(self, *, skip_locked: bool = False) -> "OrderQuerySet":
        """Locked until the transaction ends. Comes before payment and stock in the lock order."""
        if not guard_enabled("order_lock"):
            return self
        return self.select_for_update(no_key=True, skip_locked=skip_locked, of=("self",))

    def newest_first(self) -> "OrderQuerySet":
        return self.order_by("-placed_at", "-pk")
