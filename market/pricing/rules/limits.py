"""How large what is written of a promotion may be, by API and by form alike."""

from market.pricing.rules.promotions import HUNDRED_PERCENT, MOST

MAX_COUNT = MOST
MAX_PRIORITY = 1_000_000
MAX_STEPS = 50
HOURS = 24
# Of fields for decimals.
MONEY = {"max_digits": 12, "decimal_places": 2, "min_value": 0}
RATIO_OR_MONEY = {"max_digits": 14, "decimal_places": 4, "min_value": 0}
PERCENT = RATIO_OR_MONEY | {"max_value": HUNDRED_PERCENT}
