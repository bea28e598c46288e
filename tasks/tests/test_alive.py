"""`manage.py alive`: what a container's health check hears."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import Heartbeat


@pytest.mark.django_db
@time_machine.travel("2026-11-21T12:00:00Z", tick=False)
@pytest.mark.parametrize(
    ("silence", "complaint"),
    [
        (timedelta(0), None),
        (timedelta(seconds=14), None),
        (timedelta(seconds=16), "worker:checkout has been silent for 16 s"),
        (None, "worker:checkout has never given a sign of life"),
    ],
)
def test_silence_fails_the_check(silence, complaint):
    Heartbeat.objects.create(name="beat", seen_at=timezone.now())
    if silence is not None:
        Heartbeat.objects.create(name="worker:checkout", seen_at=timezone.now() - silence)
    call_command("alive", "beat")
    if complaint is None:
        call_command("alive", "worker:checkout")
    else:
        with pytest.raises(CommandError, match=complaint):
            call_command("alive", "worker:checkout")


def test_unknown_name_is_refused():
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("alive", "worker:unknown")
