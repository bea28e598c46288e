"""Signing up, in and out; the staff's list of users."""

from dataclasses import asdict

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from core.accounts import services, tokens
from core.accounts.api.filters import UserFilter
from core.accounts.api.serializers import (
    CredentialsSerializer,
    RefreshSerializer,
    RegisteredSerializer,
    SignedInSerializer,
    TokenPairSerializer,
    UserCreateSerializer,
    UserSerializer,
)
from core.accounts.models import User
from core.api.keyset import Keyset


class AuthViewSet(viewsets.GenericViewSet):
    """Reads no credential: an old token in the header never stands in the way of a new one."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_scopes = dict.fromkeys(("register", "login", "refresh", "logout"), "auth")
    problem_statuses = dict.fromkeys(("login", "refresh", "logout"), frozenset({"401"}))
    pagination_class = None
    filter_backends = ()

    @extend_schema(summary="Sign up", request=UserCreateSerializer, responses={201: RegisteredSerializer})
    @action(detail=False, methods=["post"], serializer_class=UserCreateSerializer)
    def register(self, request: Request) -> Response:
        body = self._body(request)
        services.register_user(**body)
        return Response({"email": body["email"]}, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Sign in", request=CredentialsSerializer, responses=SignedInSerializer)
    @action(detail=False, methods=["post"], serializer_class=CredentialsSerializer)
    def login(self, request: Request) -> Response:
        user, pair = services.sign_in(**self._body(request))
        return Response({**asdict(pair), "user": UserSerializer(user).data})

    @extend_schema(
        summary="Exchange a refresh token",
        description="It works once; using it again ends every login that descends from it.",
        request=RefreshSerializer,
        responses=TokenPairSerializer,
    )
    @action(detail=False, methods=["post"], serializer_class=RefreshSerializer)
    def refresh(self, request: Request) -> Response:
        return Response(asdict(tokens.refresh_tokens(**self._body(request))))

    @extend_schema(
        summary="Sign out",
        request=RefreshSerializer,
        responses={204: OpenApiResponse(description="The refresh token and its descendants work no more.")},
    )
    @action(detail=False, methods=["post"], serializer_class=RefreshSerializer)
    def logout(self, request: Request) -> HttpResponse:
        tokens.revoke(**self._body(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _body(self, request: Request) -> dict:
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        return body.validated_data


@extend_schema_view(list=extend_schema(summary="List users"))
class UserViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """For staff who may view users; newest first."""

    queryset = User.objects.all()
    serializer_class = UserSerializer
    filterset_class = UserFilter
    # Ids are given in the order of creation, and the primary key's index serves it.
    orderings = {"-created_at": Keyset(("id",), descending=True), "email": Keyset(("email",))}
