"""How readers and staff narrow lists of reviews."""

from django_filters import rest_framework as filters

from core.api.filters import StrictBooleanFilter
from market.reviews.models import Review
from market.reviews.rules import RATINGS


class ReviewFilter(filters.FilterSet):
    """By rating, and by whether the author received the product."""

    rating = filters.ChoiceFilter(choices=[(rating, rating) for rating in RATINGS])
    verified_purchase = StrictBooleanFilter(field_name="verified_purchase")

    class Meta:
        model = Review
        fields: list[str] = []


class ModerationFilter(ReviewFilter):
    """Also by what was decided."""

    status = filters.ChoiceFilter(choices=Review.Status.choices)
