"""What variants cost before, and what they will."""

from django.db import models
from django.db.models import F, Q

from core.models import TimeStampedModel
from market.catalog.models.products import Variant
from market.catalog.rules import Plan, PlanState, ToldPrice


class PriceSpan(models.Model):
    """What a variant cost from one moment to another; a trigger writes it when that ends, whoever changes it.

    Of what ended before there was this table the price alone is known. Kept for two years.
    """

    variant = models.ForeignKey(
        Variant, models.CASCADE, related_name="price_spans", db_index=False, db_constraint=False
    )
    price = models.DecimalField(max_digits=10, decimal_places=2)
    compare_at_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [models.Index(fields=["variant", "ended_at"], name="price_span_of_variant")]

    def __str__(self) -> str:
        return f"{self.price} until {self.ended_at}"


class PlannedPrice(TimeStampedModel):
    """A price that a variant gets at a moment; with `ends_at` the one before it comes back then.

    `due_at` is when something is to be done next. The given and the former price are those of the moment at
    which it was applied; `updated_at` is then no earlier than what the change left behind as a `PriceSpan`. The
    variant may be deleted before; `sku` says which it was.
    """

    class State(models.TextChoices):
        PLANNED = "planned"
        APPLIED = "applied"
        ENDED = "ended"
        CANCELED = "canceled"
        FAILED = "failed"

    variant = models.ForeignKey(
        Variant, models.SET_NULL, null=True, related_name="planned_prices", db_index=False, db_constraint=False
    )
    sku = models.CharField(max_length=64, editable=False)
    price = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True, help_text="Empty: it stays")
    compare_at_price = models.DecimalField(
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Struck through beside it. Empty: what is now, while it is above the price",
    )
    removes_compare_at = models.BooleanField(
        "strike nothing through", default=False, help_text="Takes away what is struck through beside the price"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Then the price before it comes back")
    due_at = models.DateTimeField(null=True, editable=False)
    state = models.CharField(max_length=16, choices=State, default=State.PLANNED, editable=False)
    detail = models.CharField(max_length=200, blank=True, editable=False)
    given_price = models.DecimalField(max_digits=10, decimal_places=2, null=True, editable=False)
    given_compare_at_price = models.DecimalField(max_digits=10, decimal_places=2, null=True, editable=False)
    former_price = models.DecimalField(max_digits=10, decimal_places=2, null=True, editable=False)
    former_compare_at_price = models.DecimalField(max_digits=10, decimal_places=2, null=True, editable=False)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(price__isnull=True) | Q(price__gte=0), name="planned_price_gte_0"),
            models.CheckConstraint(
                condition=Q(price__isnull=True)
                | Q(compare_at_price__isnull=True)
                | Q(compare_at_price__gte=F("price")),
                name="planned_compare_at_gte_price",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="planned_price_ends_later"
            ),
            models.UniqueConstraint(
                fields=["variant", "starts_at"], condition=Q(state="planned"), name="planned_price_once_at_a_moment"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="planned_price_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["variant", "starts_at"], name="planned_price_of_variant"),
        ]

    def __str__(self) -> str:
        return f"{self.sku} from {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def plan(self) -> Plan:
        """It as the rules know it."""
        given = former = None
        if self.given_price is not None:
            given = ToldPrice(self.given_price, self.given_compare_at_price)
            former = ToldPrice(self.former_price, self.former_compare_at_price)
        return Plan(
            id=self.pk,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            price=self.price,
            compare_at_price=self.compare_at_price,
            removes_compare_at=self.removes_compare_at,
            state=PlanState(self.state),
            detail=self.detail,
            given=given,
            former=former,
        )

    def take(self, plan: Plan) -> None:
        """Note what became of it."""
        self.state, self.detail, self.due_at = plan.state, plan.detail, plan.due_at
        if plan.given is not None:
            self.given_price, self.given_compare_at_price = plan.given.price, plan.given.compare_at_price
            self.former_price, self.former_compare_at_price = plan.former.price, plan.former.compare_at_price
