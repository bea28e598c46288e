"""Routes of customers."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from market.customers.api.views import AddressViewSet, CustomerHistoryViewSet, CustomerViewSet, ProfileView

router = SimpleRouter()
router.register("addresses", AddressViewSet)
router.register("customers", CustomerViewSet)
router.register("customers/(?P<customer_id>[0-9]{1,18})/history", CustomerHistoryViewSet, basename="customer-history")

urlpatterns = [path("users/profile/", ProfileView.as_view()), *router.urls]
