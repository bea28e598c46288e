"""The mails of the shop, and what became of them."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from core.errors import ShopError
from core.logging import masked_text
from core.notifications.models import Mail
from core.notifications.services import resend_mail
from core.readonly_admin import ReadOnlyAdmin


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """Mails, newest first. A failed one tells why and can be sent again."""

    list_display = ["kind", "recipient", "subject", "state", "attempts", "created_at", "sent_at", "last_error"]
    list_filter = ["state", "kind", "created_at"]
    search_fields = ["recipient", "subject", "key"]
    search_help_text = "Recipient, subject, or key"
    ordering = ["-id"]
    actions = ["send_again"]
    exclude = ["text", "html"]

    def get_readonly_fields(self, request: HttpRequest, obj: Mail | None = None) -> list[str]:
        return [name for name in super().get_readonly_fields(request, obj) if name not in self.exclude] + [
            "shown_text",
            "shown_html",
        ]

    @admin.display(description="Text")
    def shown_text(self, mail: Mail) -> str:
        """What it says, without the tokens in it: they open accounts and orders to whoever reads them."""
        return masked_text(mail.text)

    @admin.display(description="HTML")
    def shown_html(self, mail: Mail) -> str:
        return masked_text(mail.html)

    @admin.action(description="Send selected mails again", permissions=["change"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Mail]) -> None:
        queued = 0
        for mail_id in queryset.values_list("pk", flat=True):
            try:
                resend_mail(mail_id=mail_id)
                queued += 1
            except ShopError as error:
                self.message_user(request, error.detail, messages.WARNING)
        if queued:
            self.message_user(request, f"To be sent again: {queued}.", messages.SUCCESS)
