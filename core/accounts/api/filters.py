"""Filters of the staff's list of users."""

from django_filters import rest_framework as django_filters

from core.accounts.models import User
from core.api.filters import StrictBooleanFilter, WordsFilter


class UserFilter(django_filters.FilterSet):
    """`search` finds parts of email, username and names; every word must be found."""

    search = WordsFilter(fields=("email", "username", "first_name", "last_name"))
    is_active = StrictBooleanFilter()
    is_staff = StrictBooleanFilter()
    is_verified = StrictBooleanFilter()
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = User
        fields: list[str] = []
