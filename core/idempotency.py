"""Work that a client may ask for twice and that is done once: the `Idempotency-Key` of API.md §1."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import StrIndex, Substr
from django.utils import timezone

from core.errors import Conflict, FieldError, InProgress
from core.guards import guard_enabled
from core.models import IdempotencyKey
from core.transactions import retries_conflicts

CONFLICT_STATUS = 409


class KeyReused(Conflict):
    """The key stands for another request already."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the work: the object it made (`reference`) or the refusal, and the status first
    answered. `result` is what the work returned, None when the outcome was `replayed`."""

    reference: str
    status: int
    refusal: Conflict | None = None
    replayed: bool = False
    result: Any = None


@dataclass(frozen=True, slots=True)
class Done:
    """What `work` returns to `run_once`: the key of the object, the status to answer, anything beside."""

    reference: str
    status: int
    result: Any = None


def fingerprint_of(*parts: Any) -> str:
    """A digest of JSON values that does not depend on the order of an object's members."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


@retries_conflicts
def run_once(*, scope: str, key: str | None, fingerprint: str, work: Callable[[], Done]) -> Outcome:
    """Do `work` once per (scope, key) and answer every repeat with what came of it.

    `work` raises `Conflict` for a refusal, which undoes its writes, is remembered and comes back as
    `Outcome.refusal`; whatever else it raises releases the key. Costs two statements beside the
    work: one claims the key (an advisory lock of this transaction and the row), one records.
    Without a key the work simply runs, in a transaction of its own making. Raises InProgress while
    the first is still running, and KeyReused when the key was used with another fingerprint.
    """
    if key is None:
        try:
            done = work()
        except InProgress:
            raise
        except Conflict as refusal:
            return Outcome("", CONFLICT_STATUS, refusal=refusal)
        return Outcome(done.reference, done.status, result=done.result)
    if not guard_enabled("idempotency_key"):
        return _run_unguarded(scope=scope, key=key, fingerprint=fingerprint, work=work)
    with transaction.atomic():
        row = _claim(scope=scope, key=key, fingerprint=fingerprint, now=timezone.now())
        if row.fingerprint is not None:
            return _replay(row, fingerprint=fingerprint)
        try:
            with transaction.atomic():
                done = work()
        except InProgress:
            raise
        except Conflict as refusal:
            outcome = Outcome("", CONFLICT_STATUS, refusal=refusal)
        else:
            outcome = Outcome(done.reference, done.status, result=done.result)
        _record(row_id=row.id, outcome=outcome)
    return outcome


def prune_idempotency_keys(*, limit: int) -> int:
    """Delete up to `limit` keys past their lifetime, oldest first; returns how many. One statement."""
    expired = (
        IdempotencyKey.objects.filter(created_at__lt=_expired_before(timezone.now()))
        .order_by("created_at")
        .select_for_update(skip_locked=True)
        .values("pk")[:limit]
    )
    deleted, _ = IdempotencyKey.objects.filter(pk__in=expired).delete()
    return deleted


def erase_idempotency_keys(*, callers: Collection[str]) -> None:
    """Forget what these callers (`user:5`, `cart:<uuid>`) had done once: one statement over a day's keys."""
    IdempotencyKey.objects.annotate(caller=Substr("scope", StrIndex("scope", Value(":")) + 1)).filter(
        caller__in=callers
    ).delete()


@dataclass(frozen=True, slots=True)
class _KeyRow:
    """The claimed row (`fingerprint` None) or the outcome that was recorded before."""

    id: int
    fingerprint: str | None = None
    status: int | None = None
    reference: str = ""
    refusal: dict | None = None


# A committed row always has its outcome, so it is replayed without the lock. The lock is only
# tried: a request that would wait for another is told to come back instead of holding a worker.
# An expired row is taken over in place.
CLAIM = """
WITH known AS (
    SELECT id, fingerprint, status, reference, refusal FROM core_idempotencykey
    WHERE scope = %(scope)s AND key = %(key)s AND created_at >= %(expired_before)s
), lock AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT FROM known)
       AND pg_try_advisory_xact_lock(hashtextextended(%(scope)s::text || ' ' || %(key)s::text, 0)) AS is_mine
), claimed AS (
    INSERT INTO core_idempotencykey (scope, key, fingerprint, reference, created_at)
    SELECT %(scope)s, %(key)s, %(fingerprint)s::text, '', %(now)s FROM lock WHERE is_mine
    ON CONFLICT (scope, key) DO UPDATE
    SET fingerprint = EXCLUDED.fingerprint, status = NULL, reference = '', refusal = NULL,
        created_at = EXCLUDED.created_at
    WHERE core_idempotencykey.created_at < %(expired_before)s
    RETURNING id
)
SELECT lock.is_mine, claimed.id, known.id, known.fingerprint, known.status, known.reference, known.refusal::text
FROM lock LEFT JOIN claimed ON true LEFT JOIN known ON true
"""


def _claim(*, scope: str, key: str, fingerprint: str, now: datetime) -> _KeyRow:
    parameters = {
        "scope": scope,
        "key": key,
        "fingerprint": fingerprint,
        "now": now,
        "expired_before": _expired_before(now),
    }
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, parameters)
        is_mine, claimed_id, known_id, *known = cursor.fetchone()
    if claimed_id is not None:
        return _KeyRow(claimed_id)
    if known_id is not None:
        *values, refusal = known
        return _KeyRow(known_id, *values, orjson.loads(refusal) if refusal else None)
    if not is_mine:
        raise InProgress()
    # The first one committed between this statement's snapshot and its lock: a new snapshot sees it.
    return _row_of(IdempotencyKey.objects.get(scope=scope, key=key))


def _row_of(row: IdempotencyKey) -> _KeyRow:
    return _KeyRow(row.pk, row.fingerprint, row.status, row.reference, row.refusal)


def _replay(row: _KeyRow, *, fingerprint: str) -> Outcome:
    if row.fingerprint != fingerprint:
        raise KeyReused()
    refusal = _refusal_from_json(row.refusal) if row.refusal else None
    return Outcome(row.reference, row.status, refusal=refusal, replayed=True)


def _record(*, row_id: int, outcome: Outcome) -> None:
    IdempotencyKey.objects.filter(pk=row_id).update(
        status=outcome.status,
        reference=outcome.reference,
        refusal=_refusal_to_json(outcome.refusal) if outcome.refusal else None,
    )


def _run_unguarded(*, scope: str, key: str, fingerprint: str, work: Callable[[], Done]) -> Outcome:
    """`run_once` with the guard off: looks, works, writes, as code without a guard would."""
    known = IdempotencyKey.objects.filter(scope=scope, key=key).order_by("pk").first()
    if known is not None:
        return _replay(_row_of(known), fingerprint=fingerprint)
    outcome = run_once(scope=scope, key=None, fingerprint=fingerprint, work=work)
    row = IdempotencyKey.objects.create(scope=scope, key=key, fingerprint=fingerprint)
    _record(row_id=row.pk, outcome=outcome)
    return outcome


def _expired_before(now: datetime) -> datetime:
    return now - settings.IDEMPOTENCY_KEY_LIFETIME


def _refusal_to_json(refusal: Conflict) -> dict[str, Any]:
    document = {
        "code": refusal.code,
        "title": refusal.title,
        "detail": refusal.detail,
        "errors": [{"field": e.field, "code": e.code, "message": e.message} for e in refusal.errors],
        "extra": refusal.extra,
    }
    return orjson.loads(orjson.dumps(document, default=str))


def _refusal_from_json(document: dict[str, Any]) -> Conflict:
    refusal = Conflict(
        document["detail"],
        code=document["code"],
        errors=[FieldError(**error) for error in document["errors"]],
        extra=document["extra"],
    )
    refusal.title = document["title"]
    return refusal
