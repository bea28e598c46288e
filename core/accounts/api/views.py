"""Signing up, in and out, passwords and addresses; the staff's list of users."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from core.accounts import services, tokens
from core.accounts.api.authentication import UserAuthentication
from core.accounts.api.filters import UserFilter
from core.accounts.api.serializers import (
    CredentialsSerializer,
    EmailChangeSerializer,
    EmailSerializer,
    MailedTokenSerializer,
    PasswordChangeSerializer,
    PasswordResetSerializer,
    RefreshSerializer,
    RegisteredSerializer,
    SignedInSerializer,
    TokenPairSerializer,
    UserCreateSerializer,
    UserSerializer,
)
from core.accounts.lockout import device_token_for, place_of
from core.accounts.models import User
from core.api.client_address import client_network
from core.api.keyset import Keyset
from core.languages import language_wanted
from core.postgres.deadlines import deadline

SIGNED_IN = {"authentication_classes": (UserAuthentication,), "permission_classes": (IsAuthenticated,)}
SENT = "A mail is sent if it has somebody to go to; the answer does not tell."


def validated(serializer: type[Serializer], data: Any) -> dict[str, Any]:
    """The values of a body or a query. Raises DRF's ValidationError, which names the fields."""
    body = serializer(data=data)
    body.is_valid(raise_exception=True)
    return body.validated_data


class AuthViewSet(viewsets.GenericViewSet):
    """Reads no credential: an old token in the header never stands in the way of a new one."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_scopes = dict.fromkeys(
        (
            "register",
            "login",
            "refresh",
            "logout",
            "logout_everywhere",
            "verify_email",
            "verify_email_by_link",
            "resend_verification",
            "reset_password",
            "confirm_reset",
            "change_password",
        ),
        "auth",
    )
    problem_statuses = dict.fromkeys(("login", "refresh", "logout"), frozenset({"401"}))
    pagination_class = None
    filter_backends = ()

    @extend_schema(summary="Sign up", request=UserCreateSerializer, responses={201: RegisteredSerializer})
    @action(detail=False, methods=["post"], serializer_class=UserCreateSerializer)
    def register(self, request: Request) -> Response:
        body = self._body(request)
        wanted = body.pop("language", "") or language_wanted(request.headers.get("Accept-Language", ""))
        services.register_user(**body, language=wanted)
        return Response({"email": body["email"]}, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Sign in",
        description=(
            "Keep `device` and send it with the next login: then nobody who guesses passwords for this account "
            "elsewhere makes you wait."
        ),
        request=CredentialsSerializer,
        responses=SignedInSerializer,
    )
    @action(detail=False, methods=["post"], serializer_class=CredentialsSerializer)
    def login(self, request: Request) -> Response:
        body = self._body(request)
        place = place_of(email=body["email"], network=client_network(request), device_token=body["device"])
        user, pair = services.sign_in(place=place, password=body["password"])
        return Response({**asdict(pair), "user": UserSerializer(user).data, "device": device_token_for(place=place)})

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

    @extend_schema(
        summary="Sign out everywhere",
        request=None,
        responses={204: OpenApiResponse(description="Every login of the caller has ended, this one too.")},
    )
    @action(detail=False, methods=["post"], url_path="logout/everywhere", **SIGNED_IN)
    def logout_everywhere(self, request: Request) -> Response:
        tokens.revoke_all(user_id=request.user.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Verify an email address",
        description="The mailed token works once, within 24 hours. GET is for the link in the mail.",
        request=MailedTokenSerializer,
        responses={204: OpenApiResponse(description="The address is known to be the user's.")},
    )
    @action(detail=False, methods=["post"], url_path="verify-email", serializer_class=MailedTokenSerializer)
    def verify_email(self, request: Request) -> Response:
        services.verify_email(**validated(MailedTokenSerializer, request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Verify an email address by the mailed link",
        request=None,
        parameters=[MailedTokenSerializer],
        responses={204: OpenApiResponse(description="The address is known to be the user's.")},
    )
    @verify_email.mapping.get
    def verify_email_by_link(self, request: Request) -> Response:
        body = validated(MailedTokenSerializer, request.query_params)
        # Who looks whether the link leads anywhere has not opened it.
        if request.method != "HEAD":
            services.verify_email(**body)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Send the verification mail again",
        request=EmailSerializer,
        responses={202: OpenApiResponse(description=SENT)},
    )
    @action(detail=False, methods=["post"], url_path="verify-email/resend", serializer_class=EmailSerializer)
    def resend_verification(self, request: Request) -> Response:
        services.request_verification(**self._body(request))
        return Response(status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        summary="Forgot the password", request=EmailSerializer, responses={202: OpenApiResponse(description=SENT)}
    )
    @action(detail=False, methods=["post"], url_path="password/reset", serializer_class=EmailSerializer)
    def reset_password(self, request: Request) -> Response:
        services.request_password_reset(**self._body(request))
        return Response(status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        summary="Set a new password with a mailed token",
        description="The token works once, within an hour. Every login of the user ends.",
        request=PasswordResetSerializer,
        responses={204: OpenApiResponse(description="The new password is set.")},
    )
    @action(detail=False, methods=["post"], url_path="password/reset/confirm", serializer_class=PasswordResetSerializer)
    def confirm_reset(self, request: Request) -> Response:
        services.reset_password(**self._body(request), network=client_network(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Change the password",
        request=PasswordChangeSerializer,
        responses={204: OpenApiResponse(description="It is changed; every login of the user has ended, this one too.")},
    )
    @action(
        detail=False,
        methods=["post"],
        url_path="password/change",
        serializer_class=PasswordChangeSerializer,
        **SIGNED_IN,
    )
    def change_password(self, request: Request) -> Response:
        services.change_password(user_id=request.user.pk, **self._body(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _body(self, request: Request) -> dict:
        return validated(self.get_serializer_class(), request.data)


@extend_schema_view(list=extend_schema(summary="List users"))
class UserViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """For staff who may view users; newest first."""

    queryset = User.objects.all()
    serializer_class = UserSerializer
    filterset_class = UserFilter
    # Ids are given in the order of creation, and the primary key's index serves it.
    throttle_scopes = dict.fromkeys(("change_email", "confirm_email"), "auth") | {"request_export": "export"}
    problem_statuses = {"export": frozenset({"404"})}
    orderings = {"-created_at": Keyset(("id",), descending=True), "email": Keyset(("email",))}

    @extend_schema(
        summary="Change the own email address",
        description="The new address gets a link; until that is opened the old one stays.",
        request=EmailChangeSerializer,
        responses={202: OpenApiResponse(description=SENT)},
    )
    @action(detail=False, methods=["post"], url_path="email/change", permission_classes=(IsAuthenticated,))
    def change_email(self, request: Request) -> Response:
        services.request_email_change(user_id=request.user.pk, **validated(EmailChangeSerializer, request.data))
        return Response(status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        summary="Confirm the new email address",
        description="The mailed token works once, within 24 hours.",
        request=MailedTokenSerializer,
        responses={204: OpenApiResponse(description="The user signs in with the new address from now on.")},
    )
    @action(
        detail=False,
        methods=["post"],
        url_path="email/confirm",
        authentication_classes=(),
        permission_classes=(AllowAny,),
    )
    def confirm_email(self, request: Request) -> Response:
        services.confirm_email_change(**validated(MailedTokenSerializer, request.data))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Have a copy of the own data made",
        description="A link to it is mailed when it is ready; asking again before that changes nothing.",
        request=None,
        responses={202: OpenApiResponse(description="It is being made.")},
    )
    @action(detail=False, methods=["post"], url_path="profile/export", permission_classes=(IsAuthenticated,))
    def request_export(self, request: Request) -> Response:
        services.request_export(user_id=request.user.pk)
        return Response(status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        summary="The copy of the own data",
        description="The mailed link, which works for seven days.",
        operation_id="users_export_retrieve",
        parameters=[MailedTokenSerializer],
        responses={(200, "application/json"): OpenApiTypes.OBJECT},
    )
    @action(
        detail=False,
        url_path="export",
        authentication_classes=(),
        permission_classes=(AllowAny,),
        filter_backends=(),
        pagination_class=None,
    )
    def export(self, request: Request) -> StreamingHttpResponse:
        export = services.open_export(**validated(MailedTokenSerializer, request.query_params))
        return StreamingHttpResponse(
            _within_deadlines(services.pieces_of(export)),
            content_type="application/json",
            headers={
                "Content-Disposition": 'attachment; filename="my-data.json"',
                "Cache-Control": "private, no-store",
            },
        )


def _within_deadlines(pieces: Iterator[str]) -> Iterator[str]:
    """Whoever streams them has left the deadline of his request behind: each gets one of its own."""
    while True:
        with deadline():
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece
