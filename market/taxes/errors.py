"""Refusals about taxes."""

from core.errors import Conflict


class RestOfWorldStays(Conflict):
    """Without the rate of everywhere else goods would go untaxed, and nobody would notice."""

    code = "rest_of_world_stays"
    title = "The rate of everywhere else stays where it is; change its share."
