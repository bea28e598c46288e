"""How promotions are narrowed."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import rest_framework as filters

from core.api.filters import StrictBooleanFilter
from market.pricing.models import LABEL_LENGTH, Coupon, Promotion
from market.pricing.rules import Kind, normal_code


def sees_all(user: Any) -> bool:
    """Whether somebody also sees what the public does not."""
    return user.is_authenticated and user.is_staff and user.has_perm("pricing.view_promotion")


def sees_codes(user: Any) -> bool:
    """Whether somebody who sees all promotions sees their codes too."""
    return sees_all(user) and user.has_perm("pricing.view_coupon")


class CouponFilter(filters.FilterSet):
    """Each filter narrows the list by itself."""

    batch = filters.CharFilter(max_length=LABEL_LENGTH, label="The codes that were made together under this name.")
    code = filters.CharFilter(method="of_code", max_length=LABEL_LENGTH, label="This code, whatever its case.")
    is_active = StrictBooleanFilter(label="Whether it can be used.")
    used = StrictBooleanFilter(method="was_used", label="Whether some order has used it.")

    def of_code(self, rows: QuerySet[Coupon], name: str, code: str) -> QuerySet[Coupon]:
        return rows.filter(code=normal_code(code))

    def was_used(self, rows: QuerySet[Coupon], name: str, used: bool) -> QuerySet[Coupon]:
        return rows.filter(uses__gt=0) if used else rows.filter(uses=0)


class PromotionFilter(filters.FilterSet):
    """Each filter narrows the list by itself."""

    status = filters.ChoiceFilter(choices=Promotion.Status.choices, label="Others than staff see active ones alone.")
    kind = filters.ChoiceFilter(choices=[(kind.value, kind.value) for kind in Kind])
    requires_coupon = StrictBooleanFilter(label="Whether a code is needed.")
    search = filters.CharFilter(
        method="searched",
        max_length=LABEL_LENGTH,
        label="Words of its name or label; for who may see codes also one of these.",
    )

    def searched(self, rows: QuerySet[Promotion], name: str, text: str) -> QuerySet[Promotion]:
        is_staff = sees_all(self.request.user)
        words = Q()
        for word in text.split():
            words &= Q(label__icontains=word) | Q(name__icontains=word) if is_staff else Q(label__icontains=word)
        if sees_codes(self.request.user):
            code = Coupon.objects.filter(promotion=OuterRef("pk"), code=normal_code(text))
            return rows.filter(words | Q(Exists(code)))
        return rows.filter(words)
