"""Whether the shop keeps its promises: one line per rule, exit code 1 when one is violated."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tasks.invariants import check_invariants
from tasks.invariants.engine import Evidence, Result


class Command(BaseCommand):
    help = "Check the shop's invariants in one read-only snapshot; safe while it sells."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--acknowledged",
            metavar="FILE",
            type=Path,
            help="orders that clients saw acknowledged: a number per line, or JSON with number, cart, grand_total",
        )
        parser.add_argument(
            "--provider-ledger",
            metavar="FILE",
            type=Path,
            help="what the payment provider captured: JSON per line with reference, amount, currency",
        )
        parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        evidence = Evidence(
            acknowledged=self.read(options["acknowledged"]), provider_ledger=self.read(options["provider_ledger"])
        )
        results = check_invariants(evidence=evidence)
        violated = [result for result in results if result.state == "violated"]
        if options["json"]:
            document = {"violated": len(violated), "checks": [asdict(result) for result in results]}
            self.stdout.write(json.dumps(document, indent=2))
        else:
            for result in results:
                self.show(result)
        if violated:
            raise CommandError(f"{len(violated)} of {len(results)} checks are violated.", returncode=1)

    def read(self, path: Path | None) -> list[dict[str, Any]] | None:
        """The file's lines as objects; a line that is no JSON object is an order's number."""
        if path is None:
            return None
        try:
            lines = [line.strip() for line in path.read_text().splitlines()]
            return [json.loads(line) if line.startswith("{") else {"number": line} for line in lines if line]
        except (OSError, ValueError) as error:
            raise CommandError(f"{path} cannot be read: {error}", returncode=2) from error

    def show(self, result: Result) -> None:
        styles = {"held": self.style.SUCCESS, "violated": self.style.ERROR, "not checked": self.style.WARNING}
        note = f" ({result.note})" if result.note else ""
        self.stdout.write(
            f"{styles[result.state](f'{result.state:<12}')} {result.invariant} {result.topic:<11} {result.rule}{note}"
        )
        for offender in result.offenders:
            self.stdout.write(f"{'':<13} - {offender}")
