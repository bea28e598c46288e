"""Refusals about shipping."""

from core.errors import Conflict


class ZoneInUse(Conflict):
    """Methods go to the zone; without it one that goes nowhere else would go everywhere."""

    code = "zone_in_use"
    title = "Methods go to this zone."
