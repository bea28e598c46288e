"""Checks: each looks at the whole database in one statement and names what breaks its rule."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

# Enough to see what happened; the rest is counted by looking again.
NAMED = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """What independent witnesses saw, one JSON object each; None where nobody was asked."""

    acknowledged: Sequence[Mapping[str, Any]] | None = None
    provider_ledger: Sequence[Mapping[str, Any]] | None = None


class NotChecked(Exception):
    """The check cannot be made with what it was given; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of an invariant of docs/architecture.md. `find` names the offenders, at most `NAMED` + 1."""

    invariant: int
    topic: str
    rule: str
    find: Callable[[Evidence], list[str]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found: `state` is `held`, `violated` or `not checked`."""

    invariant: int
    topic: str
    rule: str
    state: str
    offenders: list[str] = field(default_factory=list)
    note: str = ""


def offenders_of(sql: str, parameters: Mapping[str, Any] | None = None) -> list[str]:
    """The names in the only column of the statement's rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM ({sql}) AS offender (name) LIMIT {NAMED + 1}", parameters)  # noqa: S608
        return [name for (name,) in cursor.fetchall()]


def sql_check(invariant: int, topic: str, rule: str, sql: str, parameters: Mapping[str, Any] | None = None) -> Check:
    """A check that is one statement, whose rows are the offenders' names."""
    return Check(invariant, topic, rule, lambda evidence: offenders_of(sql, parameters))


def run_checks(*, checks: Sequence[Check], evidence: Evidence) -> list[Result]:
    """Make the checks in one read-only snapshot, so that the shop may go on selling meanwhile.

    Needs to be outside any transaction.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return [result_of(check, evidence) for check in checks]


def result_of(check: Check, evidence: Evidence) -> Result:
    """What the check finds in the transaction that is open."""
    try:
        offenders = check.find(evidence)
    except NotChecked as missing:
        return Result(check.invariant, check.topic, check.rule, "not checked", note=str(missing))
    state = "violated" if offenders else "held"
    note = f"the first {NAMED} are named" if len(offenders) > NAMED else ""
    return Result(check.invariant, check.topic, check.rule, state, offenders[:NAMED], note)
