"""Promotions in versions, the codes that open them, and who used which."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from core.models import TimeStampedModel
from core.operations.models import Run
from core.saving import require_not_negative
from market.customers.models import Customer, MembershipTier
from market.pricing.querysets import SimulatedOrderQuerySet, SimulatedUseQuerySet
from market.pricing.rules import Kind, flat_from_promotion, promotion_from_json

CODE_LENGTH = 32
LABEL_LENGTH = 100
MAX_ENTRIES = 5000
# `customer:` and a number, or a lower-cased email address.
IDENTITY_LENGTH = 254


class Promotion(TimeStampedModel):
    """A promotion as it is now. `rules` is the document of its present version (`pricing.services.promotions`).

    Kind, code, period and priority are copies, for lists. Each edit makes a new version; orders keep theirs.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        ARCHIVED = "archived"

    name = models.CharField(
        max_length=LABEL_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="As staff call it; empty: as buyers do",
    )
    label = models.CharField(max_length=LABEL_LENGTH, help_text="As buyers see it")
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    version = models.PositiveIntegerField(default=1, editable=False)
    rules = models.JSONField()
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in Kind], editable=False)
    requires_coupon = models.BooleanField(editable=False)
    priority = models.IntegerField(default=0, editable=False)
    starts_at = models.DateTimeField(null=True, editable=False)
    ends_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["priority", "id"], name="promotion_active", condition=Q(status="active"))]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What staff call it."""
        return self.name or self.label

    @property
    def flat(self) -> dict[str, Any]:
        """The rules of its present version by their flat names."""
        return flat_from_promotion(promotion_from_json(self.rules, id=self.pk, version=self.version, label=self.label))


class PromotionVersion(models.Model):
    """What a promotion said from one edit to the next; never changed."""

    promotion = models.ForeignKey(Promotion, models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=LABEL_LENGTH)
    rules = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["promotion", "number"], name="promotion_version_once")]

    def __str__(self) -> str:
        return f"version {self.number}"


class PromotionPhase(models.Model):
    """Since when a promotion has had a status; a trigger writes it, whoever changes that.

    Of the time before there was this table nothing is known.
    """

    promotion = models.ForeignKey(Promotion, models.CASCADE, related_name="phases", db_index=False, db_constraint=False)
    status = models.CharField(max_length=16, choices=Promotion.Status)
    began_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["promotion", "began_at"], name="promotion_phase_began")]

    def __str__(self) -> str:
        return f"{self.status} since {self.began_at}"


class PromotionTally(models.Model):
    """How often a promotion is used, and what it gave in all; the row that limited uses wait for.

    Apart from the promotion, whose changes every process hears of.
    """

    promotion = models.OneToOneField(Promotion, models.CASCADE, primary_key=True, related_name="tally")
    uses = models.PositiveIntegerField(default=0)
    amount = models.DecimalField(max_digits=16, decimal_places=2, default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(uses__gte=0, amount__gte=0), name="promotion_tally_gte_0")]


class Coupon(TimeStampedModel):
    """A code that opens a promotion, in upper case; `usage_limit` 1 is a single-use code."""

    promotion = models.ForeignKey(Promotion, models.CASCADE, related_name="coupons")
    code = models.CharField(max_length=CODE_LENGTH, unique=True, db_collation="C")
    usage_limit = models.PositiveIntegerField(null=True, blank=True)
    uses = models.PositiveIntegerField(default=0, editable=False)
    is_active = models.BooleanField(default=True)
    batch = models.CharField(max_length=LABEL_LENGTH, blank=True, help_text="With which others it was made")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["batch"], name="coupon_batch", condition=~Q(batch=""))]
        constraints = [
            models.CheckConstraint(
                condition=Q(usage_limit__isnull=True) | Q(uses__lte=F("usage_limit")), name="coupon_uses_lte_limit"
            ),
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Z0-9_-]{3,32}$"), name="coupon_code_is_plain"),
        ]

    def __str__(self) -> str:
        return self.code


class PromotionUse(models.Model):
    """One order's use of a promotion; gone when the order is canceled."""

    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="uses", db_index=False)
    version = models.PositiveIntegerField()
    code = models.CharField(max_length=CODE_LENGTH, blank=True)
    identity = models.CharField(max_length=IDENTITY_LENGTH)
    order_number = models.CharField(max_length=16)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    is_counted = models.BooleanField(default=False, help_text="Whether the tally has it")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["order_number", "promotion"], name="promotion_use_once")]
        indexes = [
            models.Index(fields=["identity", "promotion"], name="promotion_use_identity"),
            models.Index(fields=["promotion", "created_at"], name="promotion_use_promotion"),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id} in {self.order_number}"


class FirstOrder(models.Model):
    """Who has ordered before, and with which order first; gone when that order is canceled."""

    identity = models.CharField(max_length=IDENTITY_LENGTH, primary_key=True)
    order_number = models.CharField(max_length=16, db_index=True)


class CustomerList(TimeStampedModel):
    """Customers that staff chose, for promotions of their own."""

    name = models.CharField(max_length=LABEL_LENGTH, unique=True)
    customers = models.ManyToManyField(Customer, blank=True, related_name="lists")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PriceList(TimeStampedModel):
    """Prices of variants for a tier or for everybody, from a quantity on. The lowest that fits is paid."""

    label = models.CharField(max_length=LABEL_LENGTH, unique=True)
    tier = models.CharField(max_length=16, blank=True, help_text="Code of a membership tier; empty: everybody")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        if self.tier and self.tier not in MembershipTier.Code.values:
            raise ValidationError({"tier": f"Give one of: {', '.join(MembershipTier.Code.values)}; or nothing."})


class PriceListEntry(TimeStampedModel):
    """The price of one unit when at least so many are bought."""

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="entries", db_index=False)
    variant = models.ForeignKey("catalog.Variant", models.CASCADE, related_name="+")
    min_quantity = models.PositiveIntegerField(default=1)
    price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        ordering = ["variant_id", "min_quantity"]
        constraints = [
            models.UniqueConstraint(fields=["price_list", "variant", "min_quantity"], name="price_list_step_once"),
            models.CheckConstraint(condition=Q(price__gte=0, min_quantity__gte=1), name="price_list_entry_in_range"),
        ]

    def __str__(self) -> str:
        return f"from {self.min_quantity}: {self.price}"

    def clean(self) -> None:
        require_not_negative(self, "price")
        if self.min_quantity == 0:
            raise ValidationError({"min_quantity": "Give 1 or more."})


class Simulation(models.Model):
    """What a run tried: a promotion as it was when the run began. What it found are its orders.

    The promotion is a number, not a key: what was tried outlives a draft that is deleted.
    """

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="simulation")
    promotion = models.BigIntegerField(db_index=True)
    version = models.PositiveIntegerField()
    label = models.CharField(max_length=LABEL_LENGTH)
    rules = models.JSONField()
    is_changed = models.BooleanField(
        default=False, help_text="Whether other rules were tried than those of the version"
    )
    everyone_has_code = models.BooleanField(default=False)
    shelves_of_today = models.BooleanField(default=False)
    warn_percent = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.label} (version {self.version})"


class SimulatedOrder(models.Model):
    """An order as it was and as it would have been; by its number alone, so that nobody's name is in it.

    Amounts of goods are after discounts but for `goods`; margins are without tax, and null when no cost is known.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="simulated_orders", db_index=False)
    number = models.CharField(max_length=16)
    placed_at = models.DateTimeField()
    day = models.DateField(help_text="In the shop's time zone")
    outcome = models.CharField(max_length=32, help_text="applied, or why the promotion is refused")
    winner = models.BigIntegerField(null=True, help_text="The promotion that it loses against")
    given = models.DecimalField(max_digits=12, decimal_places=2, help_text="What the promotion gives, gifts included")
    goods = models.DecimalField(max_digits=12, decimal_places=2, help_text="Before discounts")
    goods_before = models.DecimalField(max_digits=12, decimal_places=2)
    goods_after = models.DecimalField(max_digits=12, decimal_places=2)
    total_before = models.DecimalField(max_digits=12, decimal_places=2)
    total_after = models.DecimalField(max_digits=12, decimal_places=2)
    margin_before = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    margin_after = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    objects = SimulatedOrderQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="simulated_order_once")]
        indexes = [models.Index(fields=["run", "id"], name="simulated_order_run")]

    def __str__(self) -> str:
        return self.number


class SimulatedUse(models.Model):
    """What a promotion gave in a simulated order, and would have given; null where it gave nothing."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="simulated_uses", db_index=False)
    order = models.ForeignKey(SimulatedOrder, models.CASCADE, related_name="uses", db_index=False)
    promotion = models.BigIntegerField()
    code = models.CharField(max_length=CODE_LENGTH, blank=True)
    before = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    after = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    objects = SimulatedUseQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "promotion", "code"], name="simulated_use_once")]
        indexes = [models.Index(fields=["run", "promotion"], name="simulated_use_promotion")]

    def __str__(self) -> str:
        return f"{self.promotion} in {self.order_id}"
