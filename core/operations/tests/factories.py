"""Operations for tests, registered while a test runs, and their runs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django import forms

from core.accounts.models import User
from core.errors import Invalid
from core.operations import registry, services
from core.operations.models import Run
from core.operations.registry import Failure, Operation, Outcome, Plan, Row


class TouchForm(forms.Form):
    """How many rows, and which of them refuse or break."""

    rows = forms.IntegerField(min_value=0, max_value=1000)
    refused = forms.CharField(required=False)
    broken = forms.CharField(required=False)
    is_fast = forms.BooleanField(required=False)
    color = forms.ChoiceField(choices=[("red", "Red"), ("blue", "Blue")], required=False)


class Touch(Operation):
    """Puts a mark behind the first name of users `touch-1@…` to `touch-<rows>@…`."""

    name = "touch"
    title = "Touch users"
    permission = "accounts.change_user"
    form = TouchForm
    failure_columns = ("email",)
    batch_size = 3

    def plan(self) -> Plan:
        return Plan(total=self.params["rows"], bounds={"rows": self.params["rows"]})

    def rows(self, *, bounds: Mapping[str, Any], cursor: str, limit: int) -> list[Row]:
        begin = int(cursor or 0) + 1
        return [Row(f"{number}") for number in range(begin, min(begin + limit, bounds["rows"] + 1))]

    def rows_of(self, *, keys: Sequence[str]) -> list[Row]:
        return [Row(key) for key in keys if User.objects.filter(email=email_of(key)).exists()]

    def process_batch(self, rows: Sequence[Row]) -> Outcome:
        for row in rows:
            user = User.objects.get(email=email_of(row.key))
            user.first_name += "x"
            user.save(update_fields=["first_name"])
            if user.last_name == "refuses":
                raise Invalid("It does not want to.", code="unwilling")
            if user.last_name == "breaks":
                raise RuntimeError("a bug")
        failures = [
            Failure(row.key, "shy", "It is shy.", {"email": f"={email_of(row.key)}"})
            for row in rows
            if row.key in self.params["refused"].split(",")
        ]
        changes = [{"row": row.key, "field": "first_name", "before": "", "after": "x"} for row in rows]
        return Outcome(failures=failures, changes=changes, counts={"touched": len(rows) - len(failures)})


class Reader(Touch):
    """Touch, with a file and a permission of its own."""

    name = "read"
    title = "Read rows"
    permission = "accounts.add_user"
    takes_file = True

    @classmethod
    def check_file(cls, file):
        if file.read(4) != b"rows":
            raise Invalid("These are no rows.")


def email_of(key: str) -> str:
    """The address of the user that the row stands for."""
    return f"touch-{key}@example.com"


@contextmanager
def registered(*operations: type[Operation]) -> Iterator[None]:
    """These operations exist within the block."""
    for operation in operations:
        registry.register(operation)
    try:
        yield
    finally:
        for operation in operations:
            del registry._operations[operation.name]


def make_people(count: int, **last_names: str) -> None:
    """So many users to touch; `p3="refuses"` gives the third that last name."""
    User.objects.bulk_create(
        User(email=email_of(str(number)), last_name=last_names.get(f"p{number}", "")) for number in range(1, count + 1)
    )


def touched() -> list[str]:
    """The first names in the order of the rows: an `x` for each time that a row was done."""
    people = User.objects.filter(email__startswith="touch-")
    return [person.first_name for person in sorted(people, key=lambda p: int(p.email[6:].partition("@")[0]))]


def make_run(*, rows: int = 7, is_started: bool = True, dry_run: bool = False, **params: Any) -> Run:
    """A run of `Touch`, started."""
    run = services.create_run(operation=Touch, params={"rows": rows, **params}, dry_run=dry_run, reason="tests")
    return services.start_run(run_id=run.pk) if is_started else run
