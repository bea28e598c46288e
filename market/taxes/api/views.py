"""Tax rates, for staff."""

from core.api.staff_rows import StaffRowsViewSet
from market.taxes import services
from market.taxes.api.serializers import TaxRateSerializer
from market.taxes.models import TaxRate


class TaxRateViewSet(StaffRowsViewSet):
    """Rates by place and class; that of everywhere else comes first, and stays."""

    queryset = TaxRate.objects.order_by("country", "region", "tax_class", "pk")
    serializer_class = TaxRateSerializer
    make_row = staticmethod(services.make_rate)
    change_row = staticmethod(services.change_rate)
    delete_row = staticmethod(services.delete_rate)
