"""Which operations there are: filled by `tasks.operations`, read by the API, the admin and the engine."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar

from django import forms

from core.operations.errors import OperationNotFound

KeepAlive = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One row to do. `key` is its place: rows come in ascending order of their keys as `rows` says."""

    key: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that cannot be done. `cells` name it to staff, column by column."""

    key: str
    code: str
    message: str
    cells: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run fixes before its first row: how many rows, what bounds them, and what is refused at once."""

    total: int
    bounds: Mapping[str, Any] = field(default_factory=dict)
    refused: Sequence[Failure] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch came to. `changes` are sample differences: row, field, before, after."""

    failures: Sequence[Failure] = ()
    changes: Sequence[Mapping[str, Any]] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one run alone may make, as its `param` names it: the one with this id. Others are told the message, and so
    is everybody when it `is_made` without any."""

    run_id: uuid.UUID
    param: str
    message: str
    is_made: bool = False


class Operation:
    """Long work on many rows. A subclass is one file in `tasks/operations/`; an instance serves one advance.

    `process_batch` runs in the transaction that moves the cursor, so it writes to the database only.
    A dry run does the same work and takes it back, so an operation need not know about it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str] = ""
    permission: ClassVar[str]
    form: ClassVar[type[forms.Form]]
    takes_file: ClassVar[bool] = False
    # One that changes nothing but what it finds out itself has nothing to show beforehand.
    has_dry_run: ClassVar[bool] = True
    # The name of the admin's page that shows what a run, whose id it takes, came to.
    result_page: ClassVar[str] = ""
    # What a failed row's cells are called, in the order of the CSV.
    failure_columns: ClassVar[tuple[str, ...]] = ()
    batch_size: ClassVar[int] = 500
    # Templates show the class; without this they would make an instance of it first.
    do_not_call_in_templates: ClassVar[bool] = True

    def __init__(
        self, params: Mapping[str, Any], file: BinaryIO | None = None, run_id: uuid.UUID | None = None
    ) -> None:
        self.params = params
        self.file = file
        self.run_id = run_id

    @classmethod
    def form_to_go_on(cls, *, params: Mapping[str, Any], run_id: uuid.UUID) -> forms.Form:
        """The form over the parameters of a run that is worked on; what a run fixed when it began need not be in it.

        Raises `core.errors.ShopError` for a run that cannot go on.
        """
        return cls.form(data=dict(params))

    @classmethod
    def claim(cls, *, params: Mapping[str, Any]) -> Claim | None:
        """What a run with these stored parameters would have for itself, if anything."""
        return None

    @classmethod
    def check_file(cls, file: BinaryIO) -> None:
        """Raises `core.errors.Invalid` for a file that cannot be what the operation reads."""

    def prepare(self, keep_alive: KeepAlive) -> None:
        """Whatever takes long before the first row of an advance; calls `keep_alive` every second or so."""

    def plan(self) -> Plan:
        """Asked once, before the first row of a run."""
        raise NotImplementedError

    def rows(self, *, bounds: Mapping[str, Any], cursor: str, limit: int) -> list[Row]:
        """The next rows after the key `cursor`, which is empty at the beginning; none when all are done."""
        raise NotImplementedError

    def rows_of(self, *, keys: Sequence[str]) -> list[Row]:
        """The rows of some keys, to try them again; a row that is gone is left out."""
        raise NotImplementedError

    def process_batch(self, rows: Sequence[Row]) -> Outcome:
        """Do the rows. What it raises for a batch is put down to the row that raises it alone."""
        raise NotImplementedError


_operations: dict[str, type[Operation]] = {}


def register(operation: type[Operation]) -> type[Operation]:
    """Make the operation known by its name, which is stored in rows and so never changed.

    Raises ValueError when the name is taken.
    """
    if operation.name in _operations:
        raise ValueError(f"operation {operation.name} is registered twice")
    _operations[operation.name] = operation
    return operation


def all_operations() -> list[type[Operation]]:
    """Every registered operation, by name."""
    return [_operations[name] for name in sorted(_operations)]


def operation_named(name: str) -> type[Operation]:
    """The operation of that name. Raises OperationNotFound."""
    if name not in _operations:
        raise OperationNotFound
    return _operations[name]


def operations_for(user: Any) -> list[type[Operation]]:
    """Those that a user may run: staff with the operation's permission."""
    if not (user.is_active and user.is_staff):
        return []
    return [operation for operation in all_operations() if user.has_perm(operation.permission)]
