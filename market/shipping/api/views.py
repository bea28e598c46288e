"""Where and how the shop sends, for staff."""

from core.api.staff_rows import StaffRowsViewSet
from market.shipping import services
from market.shipping.api.serializers import ShippingMethodSerializer, ShippingZoneSerializer
from market.shipping.models import ShippingMethod, ShippingZone


class ShippingZoneViewSet(StaffRowsViewSet):
    """Zones with their areas, in their order."""

    queryset = ShippingZone.objects.prefetch_related("areas").order_by("position", "pk")
    serializer_class = ShippingZoneSerializer
    make_row = staticmethod(services.make_zone)
    change_row = staticmethod(services.change_zone)
    delete_row = staticmethod(services.delete_zone)


class ShippingMethodViewSet(StaffRowsViewSet):
    """Methods with their steps and zones, in the order in which buyers see them."""

    queryset = ShippingMethod.objects.prefetch_related("steps", "zones").order_by("position", "pk")
    serializer_class = ShippingMethodSerializer
    make_row = staticmethod(services.make_method)
    change_row = staticmethod(services.change_method)
    delete_row = staticmethod(services.delete_method)
