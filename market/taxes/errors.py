"""Refusals about taxes."""

from core.errors import Conflict


class RestOfWorldStays(Conflict):
    """Without the rate of everywhere else goods would go untaxed, and nobody would notice."""

    code = "rest_of_world_stays"
    title = "The rate of everywhere else stays where it is; change its share."


class TaxClassInUse(Conflict):
    """Products have the class; without its last rate they would be taxed as standard goods, and nobody would notice."""

    code = "tax_class_in_use"
    title = "Products have this class, and no other rate has it."
