"""Profiles, memberships and addresses as their owners see them, and customers as staff see them."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.accounts.models import User
from core.api.validators import one_line
from core.countries import COUNTRY_CODES
from market.customers.models import Customer, MembershipTier, check_birth_date


class MembershipSerializer(serializers.Serializer):
    """A tier and the way to the next one; amounts are decimal strings. Computed by the shop alone."""

    tier = serializers.ChoiceField(choices=MembershipTier.Code.choices)
    since = serializers.DateTimeField()
    currency = serializers.CharField()
    spent_12m = serializers.DecimalField(max_digits=12, decimal_places=2)
    next_tier = serializers.CharField(allow_null=True)
    missing = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)


class ProfileSerializer(serializers.ModelSerializer):
    """Email, role and verification are shown and never taken; `full_name` is derived, and may be written."""

    first_name = serializers.CharField(max_length=150, required=False, allow_blank=True, validators=[one_line])
    last_name = serializers.CharField(max_length=150, required=False, allow_blank=True, validators=[one_line])
    full_name = serializers.CharField(max_length=301, required=False, allow_blank=True, validators=[one_line])
    language = serializers.ChoiceField(settings.LANGUAGES, required=False, help_text="Of the mails to the user.")
    role = serializers.ChoiceField(choices=["admin", "customer"], read_only=True)
    phone = serializers.RegexField(
        r"^\+?[0-9 ()./-]{3,31}$", source="customer.phone", required=False, allow_blank=True, max_length=32
    )
    birth_date = serializers.DateField(
        source="customer.birth_date", required=False, allow_null=True, validators=[check_birth_date]
    )
    membership = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "email",
            "first_name",
            "last_name",
            "full_name",
            "language",
            "phone",
            "birth_date",
            "membership",
            "role",
            "is_verified",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["email", "is_verified", "created_at", "updated_at"]

    @extend_schema_field(MembershipSerializer)
    def get_membership(self, user: User) -> Any:
        return MembershipSerializer(self.context["membership"]).data

    def changes(self) -> dict[str, Any]:
        """The validated fields as `update_profile` takes them."""
        data = dict(self.validated_data)
        return data | data.pop("customer", {})


class ErasureSerializer(serializers.Serializer):
    """When the account will be erased."""

    erase_at = serializers.DateTimeField()


class AddressSerializer(serializers.Serializer):
    """Where to send it, or whom to bill. `country` is an ISO 3166 code of two letters."""

    name = serializers.CharField(max_length=200, validators=[one_line])
    line1 = serializers.CharField(max_length=200, validators=[one_line])
    line2 = serializers.CharField(max_length=200, allow_blank=True, default="", validators=[one_line])
    city = serializers.CharField(max_length=100, validators=[one_line])
    region = serializers.CharField(max_length=100, allow_blank=True, default="", validators=[one_line])
    postal_code = serializers.CharField(max_length=20, validators=[one_line])
    country = serializers.CharField(max_length=2)
    phone = serializers.CharField(max_length=32, allow_blank=True, default="", validators=[one_line])

    def validate_country(self, value: str) -> str:
        code = value.upper()
        if code not in COUNTRY_CODES:
            raise serializers.ValidationError("This is not a country.", code="unknown")
        return code


class SavedAddressSerializer(AddressSerializer):
    """One of a customer's addresses. A new default takes the place of the present one."""

    id = serializers.IntegerField(read_only=True)
    is_default_shipping = serializers.BooleanField(default=False)
    is_default_billing = serializers.BooleanField(default=False)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class CustomerSerializer(serializers.ModelSerializer):
    """A customer in the staff's list."""

    email = serializers.EmailField(source="user.email")
    first_name = serializers.CharField(source="user.first_name")
    last_name = serializers.CharField(source="user.last_name")
    full_name = serializers.CharField(source="user.full_name")
    language = serializers.CharField(source="user.language")
    is_active = serializers.BooleanField(source="user.is_active")
    is_verified = serializers.BooleanField(source="user.is_verified")
    tier = serializers.ChoiceField(choices=MembershipTier.Code.choices)
    currency = serializers.CharField(read_only=True, default=settings.SHOP_CURRENCY)
    spent_12m = serializers.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        model = Customer
        fields = [
            "id",
            "email",
            "first_name",
            "last_name",
            "full_name",
            "language",
            "phone",
            "birth_date",
            "is_active",
            "is_verified",
            "tier",
            "currency",
            "spent_12m",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class CustomerDetailSerializer(CustomerSerializer):
    """The same, with the saved addresses."""

    addresses = SavedAddressSerializer(many=True)

    class Meta(CustomerSerializer.Meta):
        fields = [*CustomerSerializer.Meta.fields, "addresses"]
        read_only_fields = fields
