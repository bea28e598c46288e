"""What is wrong with this installation: exit code 1 when it cannot work."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tasks.doctor import examine


class Command(BaseCommand):
    help = "Name each thing that is wrong with this installation and its configuration."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = examine()
        errors = [finding for finding in findings if finding.level == "error"]
        if options["json"]:
            self.stdout.write(json.dumps({"errors": len(errors), "findings": [asdict(f) for f in findings]}, indent=2))
        else:
            for finding in findings:
                style = self.style.ERROR if finding.level == "error" else self.style.WARNING
                self.stdout.write(f"{style(f'{finding.level:<8}')} {finding.name}: {finding.text}")
            if not findings:
                self.stdout.write(self.style.SUCCESS("The shop is well."))
        if errors:
            raise CommandError(f"{len(errors)} errors keep the shop from working.", returncode=1)
