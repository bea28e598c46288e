"""Whether beat or the worker of a queue gave a sign of life: a container's health check."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.models import Heartbeat
from tasks.celery_settings import QUEUES
from tasks.doctor import SILENCE
from tasks.scheduler import BEAT

NAMES = (BEAT, *(f"worker:{queue}" for queue in QUEUES))


class Command(BaseCommand):
    help = "Exit with 0 when the named process gave a sign of life lately, else with 1."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("name", choices=NAMES)

    def handle(self, *, name, **options):
        seen_at = Heartbeat.objects.filter(name=name).values_list("seen_at", flat=True).first()
        if seen_at is None:
            raise CommandError(f"{name} has never given a sign of life")
        silent_seconds = (timezone.now() - seen_at).total_seconds()
        if silent_seconds > SILENCE.total_seconds():
            raise CommandError(f"{name} has been silent for {silent_seconds:.0f} s")
        self.stdout.write(f"{name} gave a sign of life {max(0.0, silent_seconds):.0f} s ago")
