"""The shipped sample, to the figure: whoever changes a rule sees here what it does to the catalog."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.imports import online_retail
from tasks.imports.online_retail.attributes import attributes_of, attributes_of_variant
from tasks.imports.online_retail.findings import Finding, Kind, count_by_reason
from tasks.imports.online_retail.lines import open_export, read_lines
from tasks.imports.online_retail.products import build_products, summarize

SAMPLE = Path(online_retail.__file__).parents[1] / "data" / "online-retail-sample.csv.gz"


@pytest.fixture(scope="module")
def sample():
    """(products, findings) of the sample."""
    refused, kept = [], []
    with open_export(SAMPLE) as stream:
        for outcome in read_lines(stream):
            (refused if isinstance(outcome, Finding) else kept).append(outcome)
    products, warnings = build_products(summarize(kept))
    return products, refused + warnings, len(kept)


def test_every_line_is_kept_or_refused_with_a_reason(sample):
    _, findings, kept = sample
    refused = count_by_reason(findings=findings, kind=Kind.REFUSED)
    assert refused == {
        "cancellation": 620,
        "not_a_product_code": 109,
        "blank_description": 15,
        "price_not_positive": 21,
        "exact_repeat": 25,
    }
    assert (kept, kept + sum(refused.values())) == (29_210, 30_000)


def test_doubtful_cases_are_counted(sample):
    _, findings, _ = sample
    assert count_by_reason(findings=findings, kind=Kind.WARNING) == {
        "price_spread": 96,
        "suffixes_split": 34,
        "no_category": 8,
    }


def test_products_variants_prices_and_stock(sample):
    products, _, _ = sample
    variants = [variant for product in products for variant in product.variants]
    assert (len(products), len(variants)) == (2_757, 2_959)
    assert sum(variant.price for variant in variants) == Decimal("9305.52")
    assert sum(variant.opening_stock for variant in variants) == 299_756
    assert min(variant.opening_stock for variant in variants) == 1
    assert len({product.slug for product in products}) == len(products)
    assert len({variant.sku for variant in variants}) == len(variants)
    for product in products:
        titles = [variant.title.casefold() for variant in product.variants]
        assert len(set(titles)) == len(titles), product.slug


def test_nine_of_ten_products_stand_on_a_shelf_and_no_shelf_outgrows_the_others(sample):
    products, _, _ = sample
    shelves = Counter(product.shelf for product in products)
    unplaced = shelves.pop(None)
    assert unplaced == 8
    assert (len(products) - unplaced) / len(products) >= 0.9
    assert len(shelves) == 35
    assert max(shelves.values()) == 159
    assert Counter(shelf.parent or shelf.title for shelf in shelves.elements()) == {
        "Kitchen and Dining": 595,
        "Home": 565,
        "Stationery and Craft": 278,
        "Seasonal": 219,
        "Candles and Light": 202,
        "Bags and Travel": 195,
        "Toys and Children": 140,
        "Cards and Wrapping": 123,
        "Party": 121,
        "Jewellery": 113,
        "Garden": 99,
        "Bath and Wellbeing": 99,
    }


def test_many_titles_tell_color_material_or_the_size_of_a_set(sample):
    products, _, _ = sample
    told = Counter(token for product in products for token in attributes_of(product.title).items())
    colors = Counter(
        attributes_of_variant(variant.title, of_product=product.title).get("color")
        for product in products
        for variant in product.variants
    )
    materials = {"metal": 161, "glass": 80, "wood": 77, "paper": 65, "ceramic": 42, "felt": 26, "enamel": 22}
    assert {name: told["material", name] for name in materials} == materials
    assert [told["set_of", pieces] for pieces in (6, 12, 3, 4)] == [45, 36, 29, 29]
    assert (colors["red"], colors["pink"], colors[None], colors.total()) == (165, 209, 1995, 2959)
    assert attributes_of("Set Of 4 Rustic Wooden Spoons") == {"material": "wood", "set_of": 4}
    assert attributes_of("Pack of 12 Red Retrospot Tissues") == {"set_of": 12}
    assert attributes_of("60 Teatime Fairy Cake Cases") == {}
    assert attributes_of_variant("Pink", of_product="Red Retrospot Mug") == {"color": "pink"}
    assert attributes_of_variant("", of_product="Red Retrospot Mug") == {"color": "red"}
