"""The statement that reads everything prices are computed by, of one moment."""

from core.reference import REFERENCE_VERSION
from market.shipping.sql import SHIPPING_TABLE
from market.taxes.sql import TAX_TABLE

# A column for the statements that price something.
PRICES_VERSION = REFERENCE_VERSION.format(topic="prices")
PRICE_TABLES = f"SELECT {PRICES_VERSION}, ({SHIPPING_TABLE})::text, ({TAX_TABLE})::text"

# What they do is in migration 0001_promotions; its plain form is in `tests/test_uses.py`.
TAKE_USES = "SELECT pricing_take_uses(%s, %s, %s::jsonb, %s)::text"
GIVE_BACK_USES = "SELECT pricing_give_back_uses(%s)"
