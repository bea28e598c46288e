"""One row of each table of prices that staff keep, by the first word of its route."""

from market.pricing.services import make_price_list
from market.shipping.services import make_method, make_zone
from market.taxes.services import make_rate


def make_staff_tables() -> dict[str, str]:
    """A zone, a method, a rate and a price list, each with nothing that hangs on it: their ids."""
    method = {"code": "van", "label": "Our van", "price": "9.00", "delivery_days": 1, "is_active": False}
    price_list = str(make_price_list(values={"label": "Trade", "is_active": False}).pk)
    return {
        "shipping-zones": str(make_zone(values={"name": "The moon"}).pk),
        "shipping-methods": str(make_method(values=method).pk),
        "tax-rates": str(make_rate(values={"name": "Norway", "country": "NO", "rate": "0.25"}).pk),
        "price-lists": price_list,
        "price_list_id": price_list,
    }
