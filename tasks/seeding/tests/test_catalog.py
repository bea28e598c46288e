"""Made-up goods: the same for the same seed, and shaped like a shop's."""

from collections import Counter
from itertools import chain

from market.catalog.rules import AttributeRule, attribute_values, search_text
from tasks.seeding.catalog import ATTRIBUTES, BATCH_SIZE, products, shelves
from tasks.seeding.words import ADJECTIVES, COLORS, DEPARTMENTS, MATERIALS, SENTENCES, SERIES

SAMPLE = list(products(seed=42, first=0, last=BATCH_SIZE))


def test_a_product_is_the_same_however_it_is_asked_for():
    assert list(products(seed=42, first=4_700, last=4_800)) == SAMPLE[4_700:4_800]
    assert list(products(seed=43, first=0, last=10)) != SAMPLE[:10]
    other = next(products(seed=42, first=BATCH_SIZE, last=BATCH_SIZE + 1))
    assert other.title != SAMPLE[0].title


def test_this_catalog_is_the_one_that_was_measured():
    """A changed generator makes figures of before and after incomparable: it deserves another look."""
    first = SAMPLE[0]
    assert (first.title, first.slug, first.shelf_slug) == (
        "Hazel Oval Wool Lantern",
        "hazel-oval-wool-lantern-42-0",
        "garden-lantern-large",
    )
    assert sum(variant.price for product in SAMPLE for variant in product.variants) == 64_216_132


def test_names_are_unique_and_hold_nothing_that_copy_reads_as_its_own():
    assert len({product.slug for product in SAMPLE}) == BATCH_SIZE
    skus = [variant.sku for product in SAMPLE for variant in product.variants]
    assert len(set(skus)) == len(skus)
    assert skus == sorted(skus)
    words = chain(ADJECTIVES, COLORS, DEPARTMENTS, *DEPARTMENTS.values(), MATERIALS, SENTENCES, SERIES)
    assert not any(set(word) & set("\t\n\r\\") for word in words)


def test_every_product_lies_on_a_shelf_of_the_tree():
    tree = shelves()
    slugs = [shelf.slug for shelf in tree]
    assert len(set(slugs)) == len(slugs) == 12 + 72 + 288
    assert all(not shelf.parent_slug or shelf.parent_slug in slugs[:place] for place, shelf in enumerate(tree))
    assert {product.shelf_slug for product in SAMPLE} <= set(slugs)


def test_shares_are_those_of_a_shop():
    by_shelf = sorted(Counter(product.shelf_slug for product in SAMPLE).values(), reverse=True)
    assert by_shelf[0] > 50 * by_shelf[-1]
    sold = sorted((product.popularity for product in SAMPLE), reverse=True)
    assert sum(sold[: BATCH_SIZE // 5]) > 0.7 * sum(sold)
    variants = [variant for product in SAMPLE for variant in product.variants]
    assert 1.5 < len(variants) / BATCH_SIZE < 2
    assert 0.06 < sum(variant.on_hand == 0 for variant in variants) / len(variants) < 0.10
    prices = sorted(variant.price for variant in variants)
    assert prices[0] >= 50
    assert prices[len(prices) * 9 // 10] > 5 * prices[len(prices) // 10]


def test_what_products_tell_is_known_to_their_type_and_some_values_are_common():
    rules = [AttributeRule(a.code, a.kind, a.choices, a.is_of_variant) for a in ATTRIBUTES]
    for product in SAMPLE[:500]:
        assert attribute_values(product.attributes, rules=rules, of_variant=False) == (product.attributes, [])
        for variant in product.variants:
            color = {"color": variant.color}
            assert attribute_values(color, rules=rules, of_variant=True) == (color, [])
    tokens = Counter(chain.from_iterable(product.tokens for product in SAMPLE))
    assert 100 < len(tokens) < 200
    common, rare = tokens.most_common()[0][1], tokens.most_common()[-1][1]
    assert common > 20 * rare


def test_prices_obey_the_catalog_and_lists_show_the_right_variant():
    for product in SAMPLE:
        assert product.variants[0].is_active
        assert product.words == search_text(title=product.title, skus=[variant.sku for variant in product.variants])
        for variant in product.variants:
            assert variant.compare_at_price is None or variant.compare_at_price > variant.price
            assert 0 < variant.cost < variant.price
        active = [variant for variant in product.variants if variant.is_active]
        available = [variant for variant in active if variant.on_hand] or active
        assert product.variants[product.shown_variant].price == min(variant.price for variant in available)
