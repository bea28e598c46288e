"""Routes of signing in with another account."""

from django.urls import include, path

from core.accounts.api.social import SocialSignInView

urlpatterns = [
    path("api/v1/auth/social/", SocialSignInView.as_view()),
    path("social/", include("allauth.socialaccount.providers.openid_connect.urls")),
]
