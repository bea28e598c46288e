"""Chainable filters of reviews."""

from django.db import models
from django.db.models import Q


class ReviewQuerySet(models.QuerySet):
    """Reviews as the public and their authors see them."""

    def approved(self) -> "ReviewQuerySet":
        return self.filter(status="approved")

    def visible_to(self, customer_id: int | None) -> "ReviewQuerySet":
        """Those that everybody may read, and one's own."""
        return self.approved() if customer_id is None else self.filter(Q(status="approved") | Q(customer=customer_id))
