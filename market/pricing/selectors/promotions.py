"""Promotions and their codes for lists and files."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from core.money import ZERO
from core.postgres.deadlines import deadline
from market.pricing.errors import CouponNotFound, PromotionNotFound
from market.pricing.models import Coupon, Promotion, PromotionUse

COUPON_COLUMNS = ("code", "batch", "usage_limit", "uses", "is_active", "created_at")
COUPONS_PER_FETCH = 2000


def promotions(*, is_staff: bool) -> QuerySet[Promotion]:
    """All of them for staff; for others those that anybody may hear of, who has nothing but a cart.

    They are active and within their period, need no code, are public and for no list of customers.
    """
    if is_staff:
        return Promotion.objects.all()
    now = timezone.now()
    # A document has what is not by default alone.
    hidden = Q(rules__has_key="is_public") | Q(rules__has_key="customer_lists")
    return Promotion.objects.filter(
        Q(starts_at=None) | Q(starts_at__lte=now),
        Q(ends_at=None) | Q(ends_at__gt=now),
        status=Promotion.Status.ACTIVE,
        requires_coupon=False,
    ).exclude(hidden)


def promotion(*, promotion_id: int, is_staff: bool) -> Promotion:
    """One of `promotions`. Raises PromotionNotFound."""
    found = promotions(is_staff=is_staff).filter(pk=promotion_id).first()
    if found is None:
        raise PromotionNotFound
    return found


def single_codes(*, promotion_ids: Sequence[int]) -> dict[int, str]:
    """The active code of each promotion that was not made with others, the first if there are some: one statement."""
    codes = Coupon.objects.filter(promotion_id__in=promotion_ids, batch="", is_active=True).order_by("promotion", "pk")
    return dict(codes.distinct("promotion").values_list("promotion", "code"))


def uses_of(*, promotion_id: int) -> tuple[int, Decimal]:
    """How often orders that stand have used a promotion, and what it gave them in all: one statement."""
    told = PromotionUse.objects.filter(promotion_id=promotion_id).aggregate(
        count=Count("pk"), amount=Coalesce(Sum("amount"), ZERO)
    )
    return told["count"], told["amount"]


def coupons(*, promotion_id: int) -> QuerySet[Coupon]:
    """The codes of a promotion. Raises PromotionNotFound."""
    return promotion(promotion_id=promotion_id, is_staff=True).coupons.all()


def coupon(*, promotion_id: int, coupon_id: int) -> Coupon:
    """One code of a promotion. Raises CouponNotFound."""
    found = Coupon.objects.filter(pk=coupon_id, promotion_id=promotion_id).first()
    if found is None:
        raise CouponNotFound
    return found


def coupon_rows(*, promotion_id: int, batch: str = "") -> Iterator[list[Any]]:
    """A header and a line per code, in the order in which they were made; of one batch if it is named.

    A statement for each 2,000 of them, and no more in memory. Raises PromotionNotFound before the first line.
    """
    rows = coupons(promotion_id=promotion_id).order_by("pk")
    return _coupon_lines(rows.filter(batch=batch) if batch else rows)


def _coupon_lines(rows: QuerySet[Coupon]) -> Iterator[list[Any]]:
    yield [*COUPON_COLUMNS]
    last = 0
    while True:
        # Pages by id instead of a server-side cursor, which PgBouncer would not carry; whoever streams them has left
        # the deadline of his request behind.
        with deadline():
            page = list(rows.filter(pk__gt=last).values_list("pk", *COUPON_COLUMNS)[:COUPONS_PER_FETCH])
        for _, *line in page:
            yield ["" if value is None else value for value in line]
        if len(page) < COUPONS_PER_FETCH:
            return
        last = page[-1][0]
