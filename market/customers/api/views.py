"""The signed-in user's own profile."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from market.customers import services
from market.customers.api.serializers import ProfileSerializer


class ProfileView(APIView):
    """There is no id in the address: nobody reaches another's profile."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(summary="The own profile", responses=ProfileSerializer)
    def get(self, request: Request) -> Response:
        return Response(ProfileSerializer(request.user).data)

    @extend_schema(request=ProfileSerializer, responses=ProfileSerializer)
    def put(self, request: Request) -> Response:
        return self._update(request, partial=False)

    @extend_schema(request=ProfileSerializer, responses=ProfileSerializer)
    def patch(self, request: Request) -> Response:
        return self._update(request, partial=True)

    def _update(self, request: Request, *, partial: bool) -> Response:
        body = ProfileSerializer(request.user, data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        user = services.update_profile(user_id=request.user.pk, **body.changes())
        return Response(ProfileSerializer(user).data)
