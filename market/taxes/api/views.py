"""Tax rates, for staff."""

from functools import partial

from core.api.staff_rows import StaffRowsViewSet
from market.catalog.selectors import count_products_of_class
from market.taxes import services
from market.taxes.api.serializers import TaxRateSerializer
from market.taxes.models import TaxRate


class TaxRateViewSet(StaffRowsViewSet):
    """Rates by place and class; that of everywhere else comes first, and stays."""

    queryset = TaxRate.objects.order_by("country", "region", "tax_class", "pk")
    serializer_class = TaxRateSerializer
    make_row = staticmethod(services.make_rate)
    change_row = staticmethod(partial(services.change_rate, count_products=count_products_of_class))
    delete_row = staticmethod(partial(services.delete_rate, count_products=count_products_of_class))
