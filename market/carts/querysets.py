"""Chainable filters of carts."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class CartQuerySet(models.QuerySet):
    """Carts by whom they answer to and what may still happen to them."""

    def visible_to(self, user_id: int | None) -> "CartQuerySet":
        """Those that this caller may see: unclaimed ones, and his own."""
        return self.filter(Q(customer__isnull=True) | Q(customer__user_id=user_id, customer__user_id__isnull=False))

    def unexpired(self) -> "CartQuerySet":
        """Those that are still there; an ordered cart does not expire."""
        return self.filter(Q(order_number__isnull=False) | Q(expires_at__gt=timezone.now()))

    def open(self) -> "CartQuerySet":
        """Those that may be written to and ordered."""
        return self.filter(order_number__isnull=True, expires_at__gt=timezone.now())
