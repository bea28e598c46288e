"""How staff narrow the list of runs."""

from django_filters import rest_framework as filters

from core.api.filters import StrictBooleanFilter
from core.operations.models import Run


class RunFilter(filters.FilterSet):
    """Each filter narrows the list by itself."""

    operation = filters.CharFilter(max_length=64)
    state = filters.ChoiceFilter(choices=Run.State.choices)
    dry_run = StrictBooleanFilter()

    class Meta:
        model = Run
        fields: list[str] = []
