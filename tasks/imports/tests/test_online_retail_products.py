"""How lines become products: titles, prices, variants, shelves."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tasks.imports.online_retail.categories import Shelf, shelf_for
from tasks.imports.online_retail.findings import Reason
from tasks.imports.online_retail.lines import SaleLine
from tasks.imports.online_retail.products import build_products, opening_stock, summarize
from tasks.imports.online_retail.titles import readable_title

NOON = datetime(2011, 6, 1, 12, tzinfo=UTC)


def lines_of(*rows: tuple[str, str, str]) -> list[SaleLine]:
    """Sale lines a minute apart: (stock code, description, price)."""
    return [
        SaleLine(
            number=number,
            stock_code=code,
            base=code[:5],
            description=description,
            unit_price=Decimal(price),
            sold_at=NOON + timedelta(minutes=number),
        )
        for number, (code, description, price) in enumerate(rows, start=2)
    ]


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "White Hanging Heart T-Light Holder"),
        ("  SET OF 3  CAKE TINS ", "Set of 3 Cake Tins"),
        ("THE KING GIFT BAG", "The King Gift Bag"),
        ("KEEP OUT, BOYS", "Keep Out, Boys"),
        ("DECOUPAGE,GREETING CARD,", "Decoupage, Greeting Card"),
        ("GREETING CARD, TWO SISTERS.", "Greeting Card, Two Sisters"),
        ("SILVER M.O.P. ORBIT NECKLACE", "Silver M.O.P. Orbit Necklace"),
        ("POLYESTER FILLER PAD 45X45CM", "Polyester Filler Pad 45x45cm"),
        ("BAG 125g SWIRLY MARBLES", "Bag 125g Swirly Marbles"),
        ("3D DOG PICTURE A6 NOTEBOOK", "3D Dog Picture A6 Notebook"),
        ("PING! TV DINNER TRAY", "Ping! TV Dinner Tray"),
        ("WRAP 50'S CHRISTMAS", "Wrap 50's Christmas"),
        ('LETTER "A" BLING KEY RING', 'Letter "A" Bling Key Ring'),
        ("NURSERY A,B,C LETTERS", "Nursery A, B, C Letters"),
        ("ASS FLORAL PRINT SPIRIT LEVEL", "Assorted Floral Print Spirit Level"),
        ("FLOWERS HANDBAG blue and orange", "Flowers Handbag Blue and Orange"),
        ("LONG " * 60, ("Long " * 60)[:200].rstrip()),
    ],
)
def test_title_is_readable(description, title):
    assert readable_title(description) == title


def test_title_and_price_are_the_most_frequent_and_ties_go_to_the_latest():
    lines = lines_of(
        ("22423", "CAKE STAND", "12.75"),
        ("22423", "CAKE STAND REGENCY", "10.95"),
        ("22423", "CAKE STAND REGENCY", "10.95"),
        ("22423", "CAKE STAND", "12.75"),
        ("22423", "SOMETHING ELSE", "99.00"),
    )
    for order in (lines, lines[::-1]):
        (product,), _ = build_products(summarize(order))
        assert (product.title, product.variants[0].price) == ("Cake Stand", Decimal("12.75"))
        assert product.first_sold_at == lines[0].sold_at


def test_codes_with_the_same_digits_are_variants_that_say_what_sets_them_apart():
    rows = [
        ("84997A", "CHILDRENS CUTLERY POLKADOT GREEN", "3.75"),
        ("84997B", "CHILDRENS CUTLERY RETROSPOT RED", "3.75"),
        ("84997B", "CHILDRENS CUTLERY RETROSPOT RED", "3.75"),
        ("84997C", "CHILDRENS CUTLERY", "3.25"),
        ("84997D", "CHILDRENS CUTLERY RETROSPOT RED", "3.75"),
    ]
    (product,), findings = build_products(summarize(lines_of(*rows)))
    assert (product.title, product.slug) == (
        "Childrens Cutlery Retrospot Red",
        "childrens-cutlery-retrospot-red-84997",
    )
    assert [(variant.sku, variant.title, variant.price) for variant in product.variants] == [
        ("84997A", "Polkadot Green", Decimal("3.75")),
        ("84997B", "Retrospot Red (B)", Decimal("3.75")),
        ("84997C", "", Decimal("3.25")),
        ("84997D", "Retrospot Red (D)", Decimal("3.75")),
    ]
    assert findings == []


def test_codes_that_share_fewer_than_two_words_are_products_of_their_own():
    rows = [("84029E", "RED WOOLLY HOTTIE WHITE HEART", "3.75"), ("84029G", "KNITTED RED WATER BOTTLE", "3.75")]
    products, findings = build_products(summarize(lines_of(*rows)))
    assert [(product.title, product.variants[0].title) for product in products] == [
        ("Red Woolly Hottie White Heart", ""),
        ("Knitted Red Water Bottle", ""),
    ]
    assert [(finding.reason, finding.line, finding.stock_code) for finding in findings] == [
        (Reason.SUFFIXES_SPLIT, 2, "84029E"),
        (Reason.SUFFIXES_SPLIT, 3, "84029G"),
    ]


@pytest.mark.parametrize(("other_price", "warned_lines"), [("4.99", []), ("5.00", [4]), ("0.20", [4]), ("0.21", [])])
def test_price_spread_of_five_times_is_a_warning(other_price, warned_lines):
    rows = [("22423", "CAKE STAND", "1.00"), ("22423", "CAKE STAND", "1.00"), ("22423", "CAKE STAND", other_price)]
    (product,), findings = build_products(summarize(lines_of(*rows)))
    assert product.variants[0].price == Decimal("1.00")
    assert [(finding.line, finding.reason) for finding in findings] == [
        (line, Reason.PRICE_SPREAD) for line in warned_lines
    ]


@pytest.mark.parametrize(
    ("title", "path"),
    [
        ("Jumbo Bag Vintage Christmas", "Seasonal > Christmas"),  # occasions before things
        ("Cake Stand 3 Tier Magic Garden", "Kitchen and Dining > Plates and Cake Stands"),  # things before motifs
        ("Pack of 72 Retrospot Cake Cases", "Kitchen and Dining > Baking"),
        ("White Hanging Heart T-Light Holder", "Candles and Light > Holders and Lanterns"),
        ("Set of 6 T-Lights Toadstools", "Candles and Light > Candles and Incense"),
        ("Hot Water Bottle Tea and Sympathy", "Bath and Wellbeing"),
        ("Heart Decoration Rustic Hanging", "Home > Ornaments"),
        ("Black Diner Wall Clock", "Home > Clocks"),
        ("Watering Can Pink Polkadot", "Garden"),
        ("Next Day Carriage", None),
        ("Bagpipes", None),  # whole words only
    ],
)
def test_first_matching_rule_names_the_shelf(title, path):
    parent, _, own = path.rpartition(" > ") if path else ("", "", "")
    assert shelf_for(title) == (Shelf(title=own, parent=parent) if path else None)


def test_opening_stock_depends_on_the_sku_alone():
    assert [opening_stock(sku) for sku in ("22423", "85099B", "85123A")] == [179, 190, 74]
