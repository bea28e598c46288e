"""Signing in to the admin by password: the same users, counted like logins of the API."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from core.accounts import lockout
from core.accounts.models import User
from core.api.client_address import client_network


class CountedBackend(ModelBackend):
    """Looks at no password from a place that has guessed too often for this account."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if request is None or not username or password is None:
            return super().authenticate(request, username, password, **kwargs)
        place = lockout.place_of(email=username, network=client_network(request))
        try:
            lockout.count_attempt(place=place)
        except lockout.TooManyAttempts:
            return None
        user = super().authenticate(request, username, password, **kwargs)
        if user is not None:
            lockout.forget_attempts(place=place)
        return user
