"""Codes that open promotions: made by hand, or many at once that nobody can guess."""

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db import IntegrityError, transaction

from core.errors import FieldError, Invalid
from core.operations.models import Run
from core.operations.registry import operation_named
from core.operations.services import create_run, start_run
from core.transactions import in_one_transaction
from market.pricing.errors import CodeNotNeeded, CouponNotFound, CouponUsed, PromotionNotFound
from market.pricing.models import CODE_LENGTH, Coupon, Promotion
from market.pricing.rules import normal_code

# Without 0 O 1 I L: 31 signs, so that eleven of them are some 54 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
RANDOM_SIGNS = 11
PLAIN_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
SHORTEST_CODE = 3
PREFIX_LENGTH = CODE_LENGTH - RANDOM_SIGNS
MOST_AT_ONCE = 100_000
# The run of a batch that has a name has its id from it, whosever codes it makes: two runs cannot share it.
BATCHES = uuid.UUID("8a1f6c0e-4d5b-4c55-9a3e-1f0b7d2c6e94")
ASKED_BEFORE = "Codes were asked for under this name before. Give one that no other batch has."
# The operation that makes many codes, and what its limit of uses is called when there is none.
GENERATE_COUPONS = "generate_coupons"
ANY_NUMBER = 0


@in_one_transaction
def create_coupon(*, promotion_id: int, code: str, usage_limit: int | None = None) -> Coupon:
    """Make one code, upper and lower case alike. Raises PromotionNotFound, CodeNotNeeded, and
    Invalid naming `code`."""
    require_codes_needed(promotion_id=promotion_id)
    code = normal_code(code)
    with _told_if_taken("code", code):
        return Coupon.objects.create(promotion_id=promotion_id, code=code, usage_limit=usage_limit)


@in_one_transaction
def set_code(*, promotion_id: int, code: str) -> None:
    """Make this the one code of a promotion that was not made with others, or take it away when empty.

    A code that nobody has used is renamed; one that somebody has is switched off, as orders tell it. Locks the
    promotion. Raises PromotionNotFound, and Invalid naming `coupon_code`.
    """
    if not Promotion.objects.select_for_update(no_key=True).filter(pk=promotion_id).exists():
        raise PromotionNotFound
    code = normal_code(code)
    present = single_code(promotion_id=promotion_id)
    if (present.code if present else "") == code:
        return
    former = Coupon.objects.filter(promotion_id=promotion_id, batch="", code=code).first() if code else None
    if present and (present.uses or former or not code):
        _retire(present)
        present = None
    if former:
        update_coupon(coupon_id=former.pk, is_active=True)
    elif code:
        with _told_if_taken("coupon_code", code):
            Coupon.objects.update_or_create(
                pk=present.pk if present else None, defaults={"promotion_id": promotion_id, "code": code}
            )


def check_new_code(*, code: str) -> None:
    """Raise Invalid naming `code` for what `create_coupon` would refuse; writes nothing."""
    _refuse_odd("code", normal_code(code))
    if Coupon.objects.filter(code=normal_code(code)).exists():
        raise _taken("code")


def check_code(*, promotion_id: int | None, code: str) -> None:
    """Raise Invalid naming `coupon_code` for what `set_code` would refuse; writes nothing."""
    _refuse_odd("coupon_code", normal_code(code))
    if Coupon.objects.filter(code=normal_code(code)).exclude(promotion_id=promotion_id, batch="").exists():
        raise _taken("coupon_code")


def single_code(*, promotion_id: int) -> Coupon | None:
    """The active code of a promotion that was not made with others, the first if there are some: one statement."""
    return Coupon.objects.filter(promotion_id=promotion_id, batch="", is_active=True).order_by("pk").first()


@in_one_transaction
def update_coupon(*, coupon_id: int, is_active: bool) -> None:
    """Let a code be used, or not any more. Idempotent."""
    Coupon.objects.filter(pk=coupon_id).update(is_active=is_active)


@in_one_transaction
def request_coupons(
    *,
    promotion_id: int,
    count: int,
    usage_limit: int | None = 1,
    prefix: str = "",
    batch: str = "",
    user_id: int | None = None,
) -> Run:
    """Have so many codes made in the background; a batch without a name is called after its run.

    `usage_limit` None is a code for any number of orders. Asked for the same batch again by the same person, it answers
    the run that is there. Raises PromotionNotFound, CodeNotNeeded, and Invalid naming `count` (1 to 100,000), `prefix`
    or `batch` (one that exists).
    """
    require_codes_needed(promotion_id=promotion_id)
    if not 1 <= count <= MOST_AT_ONCE:
        raise _invalid("count", "out_of_range", f"Give 1 to {MOST_AT_ONCE}.")
    check_prefix(prefix=prefix)
    run_id = run_of_batch(batch=batch) if batch else uuid.uuid4()
    params = {
        "promotion": promotion_id,
        "count": count,
        "usage_limit": usage_limit or ANY_NUMBER,
        "prefix": normal_code(prefix),
        "batch": batch or batch_of(run_id=run_id),
    }
    before = Run.objects.filter(pk=run_id).first()
    if before is not None and (before.params, before.started_by_id) == (params, user_id):
        return before
    if before is not None:
        raise _invalid("batch", "taken", ASKED_BEFORE)
    check_batch(batch=params["batch"])
    operation = operation_named(GENERATE_COUPONS)
    try:
        run = create_run(operation=operation, params=params, user_id=user_id, run_id=run_id)
    except Invalid as refusal:
        # Somebody else has asked for this name since it was looked for.
        errors = [replace(error, field=error.field.removeprefix("params.")) for error in refusal.errors]
        raise Invalid(refusal.detail, errors=errors) from None
    return start_run(run_id=run.pk, user_id=user_id)


@in_one_transaction
def generate_coupons(
    *, promotion_id: int, count: int, batch: str, prefix: str = "", usage_limit: int | None = 1
) -> list[str]:
    """Make so many codes that nobody can guess, all or none; answers them. Raises PromotionNotFound and
    CodeNotNeeded."""
    require_codes_needed(promotion_id=promotion_id)
    prefix = normal_code(prefix)
    codes: set[str] = set()
    while len(codes) < count:
        codes.update(_drawn(prefix, count - len(codes)))
        codes -= set(Coupon.objects.filter(code__in=codes).values_list("code", flat=True))
    Coupon.objects.bulk_create(
        Coupon(promotion_id=promotion_id, code=code, usage_limit=usage_limit, batch=batch) for code in sorted(codes)
    )
    return sorted(codes)


def check_prefix(*, prefix: str) -> None:
    """Raise Invalid naming `prefix` for what no code can begin with."""
    if not set(normal_code(prefix)) <= PLAIN_SIGNS or len(normal_code(prefix)) > PREFIX_LENGTH:
        raise _invalid("prefix", "invalid", f"Give at most {PREFIX_LENGTH} letters, digits, - or _.")
    # A spreadsheet would take such a cell for a formula.
    if normal_code(prefix).startswith("-"):
        raise _invalid("prefix", "invalid", "Begin with a letter, a digit or _.")


def check_batch(*, batch: str) -> None:
    """Raise Invalid naming `batch` for one that exists."""
    if Coupon.objects.filter(batch=batch).exists():
        raise _invalid("batch", "taken", "Give a name that no other batch has.")


def batch_of(*, run_id: uuid.UUID) -> str:
    """What the codes of a run are called when nobody says."""
    return f"run {run_id}"


def run_of_batch(*, batch: str) -> uuid.UUID:
    """The id of the one run that makes the codes of this name."""
    try:
        run_id = uuid.UUID(batch.removeprefix("run "))
    except ValueError:
        return uuid.uuid5(BATCHES, batch)
    return run_id if batch == batch_of(run_id=run_id) else uuid.uuid5(BATCHES, batch)


@in_one_transaction
def delete_coupon(*, promotion_id: int, coupon_id: int) -> None:
    """Delete a code that no order has used. Raises CouponNotFound and CouponUsed."""
    if Coupon.objects.filter(pk=coupon_id, promotion_id=promotion_id, uses=0).delete()[0]:
        return
    if Coupon.objects.filter(pk=coupon_id, promotion_id=promotion_id).exists():
        raise CouponUsed
    raise CouponNotFound


def _drawn(prefix: str, count: int) -> Iterator[str]:
    for _ in range(count):
        yield prefix + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_SIGNS))


def require_codes_needed(*, promotion_id: int) -> None:
    """Raise PromotionNotFound, and CodeNotNeeded for a promotion that is for everybody."""
    needs_code = Promotion.objects.filter(pk=promotion_id).values_list("requires_coupon", flat=True).first()
    if needs_code is None:
        raise PromotionNotFound
    if not needs_code:
        raise CodeNotNeeded


def _retire(coupon: Coupon) -> None:
    """Gone when nobody has used it, switched off when somebody has."""
    if not Coupon.objects.filter(pk=coupon.pk, uses=0).delete()[0]:
        Coupon.objects.filter(pk=coupon.pk).update(is_active=False)


@contextmanager
def _told_if_taken(field: str, code: str) -> Iterator[None]:
    """Around the write of a code; runs in a savepoint. Raises Invalid naming the field."""
    _refuse_odd(field, code)
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise _taken(field) from None


def _refuse_odd(field: str, code: str) -> None:
    if not (SHORTEST_CODE <= len(code) <= CODE_LENGTH and set(code) <= PLAIN_SIGNS):
        raise _invalid(field, "invalid", f"Give {SHORTEST_CODE} to {CODE_LENGTH} letters, digits, - or _.")


def _taken(field: str) -> Invalid:
    return _invalid(field, "taken", "There is such a code already.")


def _invalid(field: str, code: str, message: str) -> Invalid:
    return Invalid(message, errors=[FieldError(field, code, message)])
