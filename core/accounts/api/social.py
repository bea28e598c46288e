"""The code that comes back from signing in with another account. There only where that is configured."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.accounts import services
from core.accounts.api.serializers import SignedInSerializer, UserSerializer
from core.accounts.lockout import device_token_for, place_of
from core.api.client_address import client_network


class CodeSerializer(serializers.Serializer):
    """What the front end found in the address that the browser came back to."""

    code = serializers.CharField(max_length=512)


class SocialSignInView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_scopes = {"post": "auth"}

    @extend_schema(summary="Sign in with another account", request=CodeSerializer, responses=SignedInSerializer)
    def post(self, request: Request) -> Response:
        body = CodeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        network = client_network(request)
        place = place_of(email="", network=network)
        user, pair = services.sign_in_with_code(code=body.validated_data["code"], network=place.network_digest)
        device = device_token_for(place=place_of(email=user.email, network=network))
        return Response({**asdict(pair), "user": UserSerializer(user).data, "device": device})
