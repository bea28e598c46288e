"""Admin screens over services: what a service refuses is shown to the person, not as an error page."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from core.errors import ShopError


class RefusalsShown:
    """A ModelAdmin whose saving and deleting go through services.

    A refusal rolls the whole form back, as Django's admin saves in one transaction.
    """

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ShopError as refusal:
            return self._back(request, refusal)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except ShopError as refusal:
            return self._back(request, refusal)

    def _back(self, request: HttpRequest, refusal: ShopError) -> HttpResponse:
        reasons = [f"{error.field}: {error.message}" for error in refusal.errors] or [refusal.detail]
        for reason in reasons:
            self.message_user(request, reason, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())
