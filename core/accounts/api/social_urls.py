"""Routes of signing in with another account."""

from allauth.socialaccount.providers.openid_connect import views
from django.urls import path

from core.accounts.api.social import SocialSignInView
from core.accounts.social import whatever_it_answers

# The names are the library's: it looks its own addresses up.
urlpatterns = [
    path("api/v1/auth/social/", SocialSignInView.as_view()),
    path("social/<provider_id>/login/", whatever_it_answers(views.login), name="openid_connect_login"),
    path("social/<provider_id>/login/callback/", whatever_it_answers(views.callback), name="openid_connect_callback"),
]
