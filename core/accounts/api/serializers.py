"""Bodies and answers about users."""

from django.conf import settings
from rest_framework import serializers

from core.accounts.models import User
from core.api.validators import one_line

# Longer ones only buy the caller more of our CPU.
MAX_PASSWORD_LENGTH = 256
MAX_TOKEN_LENGTH = 2048


class UserSerializer(serializers.ModelSerializer):
    """Read shape of a user. `role` is `admin` for staff, else `customer`."""

    full_name = serializers.CharField(read_only=True)
    role = serializers.ChoiceField(choices=["admin", "customer"], read_only=True)

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "first_name",
            "last_name",
            "full_name",
            "role",
            "is_active",
            "is_staff",
            "is_verified",
            "language",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class UserCreateSerializer(serializers.Serializer):
    """What a newcomer gives. The password comes back in no answer."""

    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False, write_only=True)
    first_name = serializers.CharField(
        max_length=150, required=False, allow_blank=True, default="", validators=[one_line]
    )
    last_name = serializers.CharField(
        max_length=150, required=False, allow_blank=True, default="", validators=[one_line]
    )
    language = serializers.ChoiceField(
        settings.LANGUAGES,
        required=False,
        help_text="Of the mails. Without it the first known one of `Accept-Language` is taken.",
    )


class RegisteredSerializer(serializers.Serializer):
    """The same answer for a new email and for a known one."""

    email = serializers.EmailField()


def new_password() -> serializers.CharField:
    """A password that somebody sets or says."""
    return serializers.CharField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False, write_only=True)


class EmailSerializer(serializers.Serializer):
    """Whose mailbox a link is to be sent to."""

    email = serializers.EmailField(max_length=254)


class MailedTokenSerializer(serializers.Serializer):
    """What a mail brought."""

    token = serializers.CharField(max_length=MAX_TOKEN_LENGTH)


class PasswordResetSerializer(serializers.Serializer):
    """The two parts that the mail brought, and the new password."""

    uid = serializers.CharField(max_length=64)
    token = serializers.CharField(max_length=128)
    new_password = new_password()


class PasswordChangeSerializer(serializers.Serializer):
    old_password = new_password()
    new_password = new_password()


class EmailChangeSerializer(serializers.Serializer):
    new_email = serializers.EmailField(max_length=254)
    password = new_password()


class CredentialsSerializer(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False, write_only=True)
    device = serializers.CharField(max_length=MAX_TOKEN_LENGTH, required=False, allow_blank=True, default="")


class RefreshSerializer(serializers.Serializer):
    refresh = serializers.CharField(max_length=MAX_TOKEN_LENGTH)


class TokenPairSerializer(serializers.Serializer):
    access = serializers.CharField()
    refresh = serializers.CharField()


class SignedInSerializer(TokenPairSerializer):
    user = UserSerializer()
    device = serializers.CharField()
