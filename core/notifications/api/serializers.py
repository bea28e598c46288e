"""What somebody is written to about, and what was written."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from core.notifications.models import Mail


class PreferencesSerializer(serializers.Serializer):
    """Whether each optional kind of mail is wanted. No other can be refused."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {
            kind: serializers.BooleanField(required=False, help_text=about)
            for kind, about in settings.OPTIONAL_MAILS.items()
        }

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        unknown = self.initial_data.keys() - self.fields.keys()
        if unknown:
            message = "There is no such mail, or none that can be refused."
            raise serializers.ValidationError(dict.fromkeys(sorted(unknown), message), code="unknown")
        return values


class NotificationSerializer(serializers.ModelSerializer):
    """A mail to the caller. Its text may hold secrets and went to his mailbox alone."""

    class Meta:
        model = Mail
        fields = ["id", "kind", "subject", "created_at", "sent_at"]
        read_only_fields = fields
