"""Routes of customers."""

from django.urls import path

from market.customers.api.views import ProfileView

urlpatterns = [path("users/profile/", ProfileView.as_view())]
