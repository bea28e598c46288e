"""Routes of users and their tokens."""

from rest_framework.routers import SimpleRouter

from core.accounts.api.views import AuthViewSet, UserViewSet

router = SimpleRouter()
router.register("auth", AuthViewSet, basename="auth")
router.register("users", UserViewSet, basename="user")

urlpatterns = router.urls
