"""All that a quote depends on. What is not given has the meaning that it had before it was known."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.money import ZERO
from market.pricing.rules.promotions import PromotionInput


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A price of a price list for one variant: from so many units on, for one tier or for everybody."""

    price: Decimal
    min_quantity: int = 1
    tier: str = ""
    price_list: int | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class LineInput:
    """So many units of one variant. `tax_rate` (0-1) is None while the destination is unknown.

    `unit_price` is the regular one; the buyer pays the lowest of it and the `list_prices` that he and
    the quantity qualify for. `category_ids` has the product's category and all above it, `attributes`
    the tokens `code=value` of product and variant.
    """

    variant_id: int
    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    tax_rate: Decimal | None
    product_id: int = 0
    category_ids: tuple[int, ...] = ()
    collection_ids: tuple[int, ...] = ()
    attributes: tuple[str, ...] = ()
    tax_class: str = "standard"
    weight_grams: int = 0
    list_prices: tuple[ListPrice, ...] = ()


@dataclass(frozen=True, slots=True)
class ShippingInput:
    """The chosen shipping method, and the tax rate (0-1) on it at the destination.

    `price` is that of this cart, worked out from its weight and its undiscounted subtotal.
    """

    code: str
    label: str
    price: Decimal
    tax_rate: Decimal


@dataclass(frozen=True, slots=True)
class CustomerInput:
    """What is known of the buyer. A guest (`is_known` false) has no tier and is on no list; whether it is
    his first order, and how often he used a promotion, is believed until checkout knows him."""

    is_known: bool = False
    is_first_order: bool = True
    tier: str = ""
    tier_label: str = ""
    tier_percent: Decimal = ZERO  # 0-100, off the merchandise
    has_free_shipping: bool = False
    lists: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeInput:
    """A coupon code that was entered. `promotion` is None for a code that nobody gave out."""

    code: str
    promotion: int | None = None
    is_active: bool = True
    uses: int = 0
    usage_limit: int | None = None


@dataclass(frozen=True, slots=True)
class UsesInput:
    """How often a promotion was used until now, how often by this buyer, and what it gave in all."""

    promotion: int
    total: int = 0
    by_customer: int = 0
    amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class GiftInput:
    """A variant that a promotion gives away: what it costs otherwise, and how many units there are."""

    variant_id: int
    sku: str
    title: str
    unit_price: Decimal
    tax_rate: Decimal | None
    available: int


@dataclass(frozen=True, slots=True)
class QuoteInput:
    """A cart, its buyer, the promotions and the moment. `shipping` is None before a destination is known.

    `moment` (aware) may be missing only where no promotion asks for it; weekdays and hours are those
    of `time_zone`. `promotions` are those that could apply, in any order; `uses` may leave out those
    that were never used and those that do not limit their uses.
    """

    lines: tuple[LineInput, ...]
    shipping: ShippingInput | None
    prices_include_tax: bool
    currency: str
    promotions: tuple[PromotionInput, ...] = ()
    codes: tuple[CodeInput, ...] = ()
    customer: CustomerInput = field(default_factory=CustomerInput)
    uses: tuple[UsesInput, ...] = ()
    gifts: tuple[GiftInput, ...] = ()
    country: str = ""
    moment: datetime | None = None
    time_zone: str = "UTC"


def normal_code(text: str) -> str:
    """A coupon code as it is compared: without spaces around it, upper and lower case alike."""
    return text.strip().upper()


def identity_of(*, customer_id: int | None, email: str) -> str:
    """By whom the uses of an order are counted: its customer, else its address."""
    return email.lower() if customer_id is None else f"customer:{customer_id}"
