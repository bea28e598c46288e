"""Filters of the staff's list of customers."""

from django.db.models import Q, QuerySet
from django_filters import rest_framework as django_filters

from core.api.filters import StrictBooleanFilter, WordsFilter
from market.customers.models import Customer, MembershipTier


class CustomerFilter(django_filters.FilterSet):
    """`search` finds parts of email, names and phone; every word must be found."""

    search = WordsFilter(fields=("user__email", "user__first_name", "user__last_name", "phone"))
    is_active = StrictBooleanFilter(field_name="user__is_active")
    is_verified = StrictBooleanFilter(field_name="user__is_verified")
    tier = django_filters.ChoiceFilter(choices=MembershipTier.Code.choices, method="filter_tier")
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Customer
        fields: list[str] = []

    def filter_tier(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        """Who has no membership yet has the lowest tier."""
        has_tier = Q(membership__tier__code=value)
        return queryset.filter(has_tier | Q(membership=None) if value == MembershipTier.Code.BRONZE else has_tier)
