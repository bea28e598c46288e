"""Routes of notifications."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from core.notifications.api.views import NotificationViewSet, PreferencesView

router = SimpleRouter()
router.register("notifications", NotificationViewSet)

urlpatterns = [path("notification-preferences/", PreferencesView.as_view()), *router.urls]
