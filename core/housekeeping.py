"""Rows that outlive their use: deleted in bounded batches by beat."""

from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from core.accounts.models import RefreshFamily, TokenRevocation
from core.models import Change, Heartbeat, ScheduleSlot, ThrottleCount

# Readers poll every 250 ms; one that slept this long starts afresh.
CHANGE_RETENTION = timedelta(hours=1)
SLOT_RETENTION = timedelta(hours=2)
MISSED_SLOT_RETENTION = timedelta(days=30)
PROFILE_RETENTION = timedelta(days=1)


def beat_heart(*, name: str) -> None:
    """Note that the named kind of process lives: one statement."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, seen_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["seen_at"],
    )


def prune_changes(*, limit: int) -> int:
    """Delete up to `limit` change marks that no reader can still need; answers how many."""
    old = Change.objects.filter(created_at__lt=timezone.now() - CHANGE_RETENTION).order_by("created_at")
    return Change.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]


def prune_slots(*, limit: int) -> int:
    """Delete up to `limit` schedule slots that no beat can still claim; answers how many.

    The last of each schedule stays, as what was missed is counted from there; so do for a month those
    before which some were missed.
    """
    now = timezone.now()
    later = ScheduleSlot.objects.filter(name=OuterRef("name"), slot_at__gt=OuterRef("slot_at"))
    old = (
        ScheduleSlot.objects.filter(Exists(later), claimed_at__lt=now - SLOT_RETENTION)
        .exclude(missed__gt=0, claimed_at__gte=now - MISSED_SLOT_RETENTION)
        .order_by("claimed_at")
    )
    return ScheduleSlot.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]


def prune_refresh_families(*, limit: int) -> int:
    """Delete up to `limit` token families whose last token has expired; answers how many."""
    old = RefreshFamily.objects.filter(expires_at__lt=timezone.now()).order_by("expires_at")
    return RefreshFamily.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]


def prune_token_revocations(*, limit: int) -> int:
    """Delete up to `limit` revocations of access tokens that have all expired; answers how many."""
    long_ago = timezone.now() - 2 * settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"]
    old = TokenRevocation.objects.filter(not_before__lt=long_ago).order_by("not_before")
    return TokenRevocation.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]


@transaction.atomic
def prune_throttle_counts(*, limit: int) -> int:
    """Delete up to `limit` counts of windows that have ended; answers how many. Those in use are left for later."""
    ended = ThrottleCount.objects.filter(ends_at__lt=timezone.now()).select_for_update(skip_locked=True)
    return ThrottleCount.objects.filter(pk__in=[count.pk for count in ended.order_by("ends_at")[:limit]]).delete()[0]


def prune_sessions(*, limit: int) -> int:
    """Delete up to `limit` sessions of the admin that have expired; answers how many."""
    old = Session.objects.filter(expire_date__lt=timezone.now()).order_by("expire_date")
    return Session.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]


def prune_profiles(*, limit: int) -> int:
    """Delete up to `limit` requests that Silk recorded more than a day ago; answers how many."""
    if not apps.is_installed("silk"):
        return 0
    requests = apps.get_model("silk", "Request").objects
    old = requests.filter(start_time__lt=timezone.now() - PROFILE_RETENTION).order_by("start_time")
    pruned = list(old.values_list("pk", flat=True)[:limit])
    requests.filter(pk__in=pruned).delete()
    return len(pruned)


def clear_profiles() -> None:
    """Delete all that Silk has recorded: requests are not told apart by whose they were."""
    if apps.is_installed("silk"):
        apps.get_model("silk", "Request").objects.all().delete()
