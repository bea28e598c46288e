"""What prices are made of, promotions and codes for staff, and what simulations have found."""

from market.pricing.selectors.customer_lists import people_on_list
from market.pricing.selectors.facts import (
    Gift,
    PriceTables,
    QuoteFacts,
    Tier,
    attribute_tokens,
    buyers_today,
    gift_title,
    list_prices_from,
    price_tables,
    quote_facts_from,
    shelves_of,
)
from market.pricing.selectors.price_lists import price_list_entries, price_lists
from market.pricing.selectors.promotions import (
    coupon,
    coupon_rows,
    coupons,
    promotion,
    promotions,
    single_codes,
    uses_of,
)
from market.pricing.selectors.simulations import (
    SimulationResult,
    may_see_orders,
    simulation_for,
    simulation_result,
    simulation_rows,
    simulations_for,
)

__all__ = [
    "Gift",
    "PriceTables",
    "QuoteFacts",
    "SimulationResult",
    "Tier",
    "attribute_tokens",
    "buyers_today",
    "coupon",
    "coupon_rows",
    "coupons",
    "gift_title",
    "list_prices_from",
    "may_see_orders",
    "people_on_list",
    "price_list_entries",
    "price_lists",
    "price_tables",
    "promotion",
    "promotions",
    "quote_facts_from",
    "shelves_of",
    "simulation_for",
    "simulation_result",
    "simulation_rows",
    "simulations_for",
    "single_codes",
    "uses_of",
]
