"""Who is calling, from the Authorization header. No session, no cookie."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core.accounts.models import User
from core.accounts.revocations import revocations
from core.accounts.tokens import Access, InvalidToken, access_of


@dataclass(frozen=True, slots=True)
class TokenUser:
    """A caller known by his token alone: enough to find his own cart, never enough for staff work."""

    pk: int
    is_authenticated: bool = True
    is_active: bool = True
    is_staff: bool = False
    is_anonymous: bool = False

    @property
    def id(self) -> int:
        return self.pk

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        return False


class BearerAuthentication(BaseAuthentication):
    """Reads `Authorization: Bearer <access>`; the word `JWT` is accepted too."""

    def authenticate(self, request: Request) -> tuple[Any, str] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() not in {"bearer", "jwt"}:
            return None
        try:
            return self.user_of(access_of(token.strip())), token
        except InvalidToken as error:
            raise AuthenticationFailed(error.detail, error.code) from error

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def user_of(self, access: Access) -> Any:
        raise NotImplementedError


class UserAuthentication(BearerAuthentication):
    """Looks the user up (one statement), so that who is disabled or signed out everywhere is out at once."""

    def user_of(self, access: Access) -> User:
        related = (*settings.AUTH_USER_SELECT_RELATED, "revocation")
        user = User.objects.select_related(*related).filter(pk=access.user_id).first()
        if user is None or not user.is_active:
            raise InvalidToken()
        revocation = getattr(user, "revocation", None)
        if revocation is not None and access.issued_at < revocation.not_before:
            raise InvalidToken()
        return user


class ShoppingAuthentication(UserAuthentication):
    """Trusts the signature and the list of revocations in memory: for shopping paths, where nothing costs
    a statement. While that list is older than it may be, the user is looked up."""

    def user_of(self, access: Access) -> Any:
        is_revoked = revocations().is_revoked(user_id=access.user_id, issued_at=access.issued_at)
        if is_revoked is None:
            super().user_of(access)
        elif is_revoked:
            raise InvalidToken()
        return TokenUser(pk=access.user_id)
