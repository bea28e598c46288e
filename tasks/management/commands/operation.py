"""Runs an operation from the command line, with a progress bar."""

import time
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from core.errors import ShopError
from core.operations import services
from core.operations.models import Run
from core.operations.registry import all_operations, operation_named
from core.operations.services.working import claim_run
from core.spreadsheets import csv_lines
from tasks.operations.engine import work, worker_name
from tasks.progress import ProgressBar

WATCH_SECONDS = 0.2
SAMPLES_SHOWN = 5


class Command(BaseCommand):
    help = (
        "Run an operation: manage.py operation NAME --param value [--dry-run]. It works here at once; killed "
        "halfway, it is finished by the workers. Without NAME: what there is."
    )

    def add_arguments(self, parser):
        parser.add_argument("name", nargs="?", metavar="NAME")
        parser.add_argument("--dry-run", action="store_true", help="show what would change and change nothing")
        parser.add_argument("--reason", default="", help="why; kept with the run")
        parser.add_argument("--file", type=Path, help="what an operation that reads a file reads")
        parser.add_argument("--failed-rows", type=Path, metavar="FILE", help="write the rows that failed as CSV")
        for name, (field, operations) in sorted(parameters().items()):
            text = f"{field.help_text} ({', '.join(operations)})".replace("%", "%%").strip()
            parser.add_argument(f"--{name.replace('_', '-')}", dest=f"param_{name}", help=text)

    def handle(self, *, name, dry_run, reason, file, failed_rows, **options):
        if name is None:
            for operation in all_operations():
                self.stdout.write(f"{operation.name}: {operation.title}. {operation.description}")
            return
        params = {key.removeprefix("param_"): value for key, value in options.items() if key.startswith("param_")}
        try:
            run = self.started_run(
                name,
                {key: value for key, value in params.items() if value is not None},
                file=file,
                dry_run=dry_run,
                reason=reason,
            )
        except ShopError as error:
            reasons = "; ".join(
                f"{problem.field.removeprefix('params.')}: {problem.message}" for problem in error.errors
            )
            raise CommandError(reasons or error.detail) from error
        self.stdout.write(f"run {run.pk}")
        run = self.worked_on(run)
        self.report(run)
        if failed_rows:
            with failed_rows.open("w", encoding="utf-8", newline="") as stream:
                stream.writelines(csv_lines(services.failed_rows(run=run)))
        if run.state != Run.State.FINISHED:
            raise CommandError(f"The run is {run.state}. {run.last_error}".strip())

    def started_run(self, name, params, *, file, dry_run, reason):
        operation = operation_named(name)
        if file:
            try:
                with file.open("rb") as stream:
                    stored = services.store_file(operation=operation, name=file.name, stream=stream, user_id=None)
            except OSError as error:
                raise CommandError(f"{file} cannot be read: {error}") from error
            params["file"] = str(stored.pk)
        run = services.create_run(operation=operation, params=params, dry_run=dry_run, reason=reason)
        return services.start_run(run_id=run.pk)

    def worked_on(self, run):
        """The run when nobody works on it any more: done here, or by whoever took it before."""
        bar = ProgressBar(self.stdout)

        def show():
            run.refresh_from_db()
            bar.show(done=run.processed, total=run.total, rate=run.rate, eta_seconds=run.eta_seconds)

        while run.state in Run.WORKABLE:
            lease = claim_run(run_id=run.pk, worker=worker_name())
            if lease:
                work(lease, must_stop=lambda: False, progress=show)
            show()
            if run.state in Run.WORKABLE:
                time.sleep(WATCH_SECONDS)
        bar.end()
        return run

    def report(self, run):
        for change in run.sample_changes[:SAMPLES_SHOWN]:
            self.stdout.write(f"{change['row']}: {change['field']} {change['before']} -> {change['after']}")
        counts = ", ".join(f"{count:,} {what}" for what, count in run.counts.items()) or "nothing changed"
        self.stdout.write(f"{run.processed:,} rows: {counts}, {run.failed:,} failed")
        if run.dry_run:
            self.stdout.write("dry run: nothing was changed")


def parameters():
    """Every parameter of every operation, with the operations that have it."""
    found = {}
    for operation in all_operations():
        for name, field in operation.form.base_fields.items():
            found.setdefault(name, (field, []))[1].append(operation.name)
    return found
