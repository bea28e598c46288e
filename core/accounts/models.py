"""Users who sign in with their email, and the families of their refresh tokens."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models.functions import Lower, Upper
from django.utils import timezone

from core.languages import LANGUAGE_LENGTH, known_language, shop_language
from core.models import TimeStampedModel


class UserManager(BaseUserManager["User"]):
    """Makes users; emails are stored as given but compared without case."""

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)

    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        if not email:
            raise ValueError("a user needs an email")
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(
            email, password, **{"is_staff": True, "is_superuser": True, "is_verified": True, **fields}
        )


class User(AbstractBaseUser, PermissionsMixin, TimeStampedModel):
    """Somebody who can sign in. What the shop knows of a customer is in `market.customers`."""

    email = models.EmailField(max_length=254, unique=True, db_collation="C")
    username = models.CharField(max_length=150, unique=True, null=True, blank=True)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    is_verified = models.BooleanField(default=False, help_text="The email address is known to be theirs.")
    language = models.CharField(
        max_length=LANGUAGE_LENGTH,
        default=shop_language,
        db_default="en",
        validators=[known_language],
        help_text="The language of mails to them, where there is a translation.",
    )
    new_email = models.EmailField(max_length=254, null=True, blank=True, editable=False)
    # What a mailed token was made for; each that is used makes the others of its user worthless.
    token_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # When the account is to be erased, or looked at again for that; and since when that has begun and ends it for good.
    erase_at = models.DateTimeField(null=True, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []
    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"), name="user_email_once", violation_error_message="This email is already in use."
            )
        ]
        # Serves email__iexact, which Django writes as UPPER(email) = UPPER(...).
        indexes = [
            models.Index(Upper("email"), name="user_email_upper"),
            models.Index(fields=["erase_at"], name="user_erase_at", condition=models.Q(erase_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.email

    def save(self, *args, **kwargs) -> None:
        """A new password and the end of the logins that began with the old one (`validators`) are one commit."""
        with transaction.atomic():
            super().save(*args, **kwargs)

    def set_unusable_password(self) -> None:
        super().set_unusable_password()
        # Otherwise Django tells nobody of this change.
        self._password = ""

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def role(self) -> str:
        """`admin` for staff, else `customer`."""
        return "admin" if self.is_staff else "customer"


class RefreshFamily(models.Model):
    """All refresh tokens that descend from one login; only the newest of them is good.

    A refresh exchanges `current_jti` in one conditional update. A token of the family that is not
    the current one was used before: the family is revoked.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="refresh_families")
    current_jti = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    # Where the login came from, as a digest: such a place is no stranger (`core.accounts.lockout`).
    network = models.CharField(max_length=32, blank=True, default="", db_default="")

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="refresh_family_expires_at")]


class TokenRevocation(models.Model):
    """Access tokens of this user that were issued before `not_before` are good no more.

    Triggers write it too when a user is disabled or deleted, by whatever statement, so the row may
    outlive its user. It is pruned once every token that it refuses has expired.
    """

    user = models.OneToOneField(
        User, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="revocation"
    )
    not_before = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["not_before"], name="token_revocation_not_before")]


class DataExport(models.Model):
    """A copy of all that is kept of a person, which he asked for: being made until `ready_at`, gone at `expires_at`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="exports", db_index=False)
    requested_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], name="export_one_under_way", condition=models.Q(ready_at__isnull=True)
            )
        ]
        indexes = [
            models.Index(fields=["user"], name="export_user"),
            models.Index(fields=["expires_at"], name="export_expires_at"),
        ]


class DataExportPart(models.Model):
    """A piece of the file, so that neither writing nor sending holds the whole of it."""

    export = models.ForeignKey(DataExport, models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    content = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="export_part_once")]
