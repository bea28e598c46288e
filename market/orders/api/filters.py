"""Filters of lists of orders."""

from django_filters import rest_framework as django_filters

from market.orders.models import Order


class OrderFilter(django_filters.FilterSet):
    """By status, payment status and when it was placed."""

    status = django_filters.ChoiceFilter(choices=Order.Status.choices)
    payment_status = django_filters.ChoiceFilter(choices=Order.PaymentStatus.choices)
    placed_after = django_filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="gte")
    placed_before = django_filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields: list[str] = []
