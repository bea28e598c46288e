"""Filters of the staff's list of users."""

from django.db.models import Q, QuerySet
from django_filters import rest_framework as django_filters

from core.accounts.models import User
from core.api.filters import StrictBooleanFilter


class UserFilter(django_filters.FilterSet):
    """`search` finds parts of email, username and names; every word must be found."""

    search = django_filters.CharFilter(method="filter_search")
    is_active = StrictBooleanFilter()
    is_staff = StrictBooleanFilter()
    is_verified = StrictBooleanFilter()
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = User
        fields: list[str] = []

    def filter_search(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        for word in value.split():
            queryset = queryset.filter(
                Q(email__icontains=word)
                | Q(username__icontains=word)
                | Q(first_name__icontains=word)
                | Q(last_name__icontains=word)
            )
        return queryset
