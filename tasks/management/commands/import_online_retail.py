"""Loads an Online Retail export (CSV, plain or gzip) as catalog with opening stock."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from tasks.imports.online_retail.findings import Kind, count_by_reason, write_report
from tasks.imports.online_retail.lines import NotAnExport
from tasks.imports.online_retail.loading import load_products, read_export


class Command(BaseCommand):
    help = (
        "Load products, variants and opening stock from an Online Retail export (CSV, plain or gzip). "
        "Adds what is missing and changes nothing else, so that running it twice is harmless."
    )

    def add_arguments(self, parser):
        parser.add_argument("path", type=Path, metavar="PATH", help="the export")
        parser.add_argument(
            "--report", type=Path, metavar="FILE", help="write every refused or doubtful line with its reason as CSV"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="read and report only; write nothing to the database"
        )

    def handle(self, *, path, report, dry_run, **options):
        try:
            reading = read_export(path=path, progress=self.say)
            if report:
                with report.open("w", encoding="utf-8", newline="") as stream:
                    write_report(findings=reading.findings, stream=stream)
        except (NotAnExport, OSError) as error:
            raise CommandError(f"{path} was not imported: {error}") from error
        refused = count_by_reason(findings=reading.findings, kind=Kind.REFUSED)
        doubts = count_by_reason(findings=reading.findings, kind=Kind.WARNING)
        variants = sum(len(product.variants) for product in reading.products)
        self.say(f"{reading.lines:,} lines are {len(reading.products):,} products with {variants:,} variants")
        self.say(f"refused {sum(refused.values()):,} lines{self.listed(refused)}")
        self.say(f"warnings {sum(doubts.values()):,}{self.listed(doubts)}")
        self.say(f"report in {report}" if report else "give --report FILE to get each line with its reason")
        if dry_run:
            self.say("dry run: nothing was loaded")
            return
        loaded = load_products(products=reading.products, progress=self.say)
        self.say(
            f"added {loaded.products:,} products, {loaded.variants:,} variants and {loaded.categories:,} categories"
        )

    def say(self, message):
        """One line, at once, so that progress is seen through a pipe too."""
        self.stdout.write(message)
        self.stdout.flush()

    @staticmethod
    def listed(counts):
        return ": " + ", ".join(f"{reason} {count:,}" for reason, count in counts.items()) if counts else ""
