"""The caller's own preferences and notifications, and the page behind a mail's link."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.keyset import Keyset
from core.notifications import preferences
from core.notifications.api.serializers import NotificationSerializer, PreferencesSerializer
from core.notifications.models import Mail


class PreferencesView(APIView):
    """There is no id in the address: nobody reaches another's preferences."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(summary="Which mails the caller wants", responses=PreferencesSerializer)
    def get(self, request: Request) -> Response:
        return Response(preferences.preferences_of(user_id=request.user.pk))

    @extend_schema(
        summary="Want or refuse kinds of mail", request=PreferencesSerializer, responses=PreferencesSerializer
    )
    def patch(self, request: Request) -> Response:
        body = PreferencesSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        preferences.set_preferences(user_id=request.user.pk, wishes=body.validated_data)
        return Response(preferences.preferences_of(user_id=request.user.pk))


@extend_schema_view(list=extend_schema(summary="What the caller was written"))
class NotificationViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Newest first, as long as mails are kept."""

    queryset = Mail.objects.none()
    permission_classes = (IsAuthenticated,)
    serializer_class = NotificationSerializer
    orderings = {"-created_at": Keyset(("id",), descending=True)}

    def get_queryset(self):
        mails = Mail.objects.filter(user_id=self.request.user.pk)
        return mails.only("pk", "kind", "subject", "created_at", "sent_at")


@method_decorator(csrf_exempt, name="dispatch")
class UnsubscribeView(View):
    """The link in a mail shows what it would do, as programs open links too; its button, or a mail program's, does it.

    Whoever has the link has the mail: no form token is asked for (RFC 8058).
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        token = request.GET.get("token", "")
        if not token:
            return self._page(request, about="", is_done=False)
        try:
            _, kind = preferences.read_link(token=token)
        except preferences.UnknownLink:
            return self._page(request, about="", is_done=False, status=404)
        return self._page(request, about=settings.OPTIONAL_MAILS[kind], is_done=False)

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            kind = preferences.unsubscribe(token=request.GET.get("token", ""))
        except preferences.UnknownLink:
            return self._page(request, about="", is_done=False, status=404)
        return self._page(request, about=settings.OPTIONAL_MAILS[kind], is_done=True)

    def _page(self, request: HttpRequest, *, about: str, is_done: bool, status: int = 200) -> HttpResponse:
        context = {"shop_name": settings.SHOP_NAME, "about": about, "is_done": is_done}
        return render(request, "shop/unsubscribe.html", context, status=status)
