from rest_framework.routers import SimpleRouter

from market.checkout.api.views import OrderViewSet

router = SimpleRouter()
router.register("orders", OrderViewSet)
urlpatterns = router.urls
