"""The profile that a user sees and edits."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from core.accounts.models import User


class ProfileSerializer(serializers.ModelSerializer):
    """Email, role and verification are shown and never taken; `full_name` is derived, and may be written."""

    full_name = serializers.CharField(max_length=301, required=False, allow_blank=True)
    role = serializers.ChoiceField(choices=["admin", "customer"], read_only=True)
    phone = serializers.RegexField(
        r"^\+?[0-9 ()./-]{3,31}$", source="customer.phone", required=False, allow_blank=True, max_length=32
    )
    birth_date = serializers.DateField(source="customer.birth_date", required=False, allow_null=True)

    class Meta:
        model = User
        fields = [
            "email",
            "first_name",
            "last_name",
            "full_name",
            "phone",
            "birth_date",
            "role",
            "is_verified",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["email", "is_verified", "created_at", "updated_at"]

    def validate_birth_date(self, value: Any) -> Any:
        if value is not None and not 1900 <= value.year <= timezone.now().year:
            raise serializers.ValidationError("Give a date between 1900 and today.", code="out_of_range")
        return value

    def changes(self) -> dict[str, Any]:
        """The validated fields as `update_profile` takes them."""
        data = dict(self.validated_data)
        return data | data.pop("customer", {})
