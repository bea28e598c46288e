"""Sale lines summed up to products and their variants."""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from tasks.imports.online_retail.categories import Shelf, shelf_for
from tasks.imports.online_retail.findings import Finding, Kind, Reason
from tasks.imports.online_retail.lines import SaleLine
from tasks.imports.online_retail.titles import distinguishing_titles, readable_title, slug_of, words_of

SUSPICIOUS_SPREAD = 5
SHARED_WORDS_OF_VARIANTS = 2
MOST_OPENING_UNITS = 200


@dataclass(frozen=True, slots=True)
class VariantDraft:
    """One stock code to sell. `title` is what sets it apart in its product, empty if it is alone."""

    sku: str
    title: str
    price: Decimal
    opening_stock: int


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """One product to sell, its variants in the order of their codes. `slug` is unique in the import."""

    title: str
    slug: str
    shelf: Shelf | None
    first_sold_at: datetime
    variants: tuple[VariantDraft, ...]


@dataclass(slots=True)
class Tally:
    """How often each value was seen, and when and where last."""

    seen: dict[str | Decimal, tuple[int, datetime, int]] = field(default_factory=dict)

    def add(self, value: str | Decimal, line: SaleLine) -> None:
        count, last_at, last_line = self.seen.get(value, (0, line.sold_at, line.number))
        self.seen[value] = (count + 1, *max((last_at, last_line), (line.sold_at, line.number)))

    def merge(self, other: "Tally") -> None:
        for value, (count, last_at, last_line) in other.seen.items():
            mine, at, number = self.seen.get(value, (0, last_at, last_line))
            self.seen[value] = (mine + count, *max((at, number), (last_at, last_line)))

    def most_frequent(self) -> str | Decimal:
        """The value seen most often; of several, the one seen last."""
        return max(self.seen, key=self.seen.__getitem__)


@dataclass(slots=True)
class CodeSummary:
    """What the lines of one stock code say."""

    stock_code: str
    base: str
    first_line: int
    first_sold_at: datetime
    descriptions: Tally = field(default_factory=Tally)
    prices: Tally = field(default_factory=Tally)

    def add(self, line: SaleLine) -> None:
        self.first_sold_at = min(self.first_sold_at, line.sold_at)
        self.descriptions.add(line.description, line)
        self.prices.add(line.unit_price, line)

    @property
    def title(self) -> str:
        return readable_title(self.descriptions.most_frequent())


def summarize(lines: Iterable[SaleLine]) -> dict[str, CodeSummary]:
    """The lines by stock code, codes in ascending order. Memory grows with the codes, not with the lines."""
    codes: dict[str, CodeSummary] = {}
    for line in lines:
        summary = codes.get(line.stock_code)
        if summary is None:
            summary = codes[line.stock_code] = CodeSummary(line.stock_code, line.base, line.number, line.sold_at)
        summary.add(line)
    return dict(sorted(codes.items()))


def build_products(codes: Mapping[str, CodeSummary]) -> tuple[list[ProductDraft], list[Finding]]:
    """The products that the codes are sold as, and what is doubtful about them.

    Codes with the same digits are variants of one product, unless their titles have fewer than two
    words in common: then each is a product of its own.
    """
    families: dict[str, list[CodeSummary]] = defaultdict(list)
    for summary in codes.values():
        families[summary.base].append(summary)
    products, findings = [], []
    for family in families.values():
        findings += [finding for summary in family if (finding := price_warning(summary))]
        if len(family) > 1 and not share_enough_words(family):
            findings += [split_warning(summary) for summary in family]
            groups = [[summary] for summary in family]
        else:
            groups = [family]
        for group in groups:
            product = build_product(group)
            products.append(product)
            if product.shelf is None:
                findings.append(warning(group[0], Reason.NO_CATEGORY, product.title))
    return products, findings


def build_product(group: Sequence[CodeSummary]) -> ProductDraft:
    """One product with one variant per code of the group."""
    descriptions = Tally()
    for summary in group:
        descriptions.merge(summary.descriptions)
    title = readable_title(descriptions.most_frequent())
    key = group[0].stock_code if len(group) == 1 else group[0].base
    return ProductDraft(
        title=title,
        slug=slug_of(f"{title} {key}"),
        shelf=shelf_for(title),
        first_sold_at=min(summary.first_sold_at for summary in group),
        variants=tuple(
            VariantDraft(
                sku=summary.stock_code,
                title=variant_title,
                price=summary.prices.most_frequent(),
                opening_stock=opening_stock(summary.stock_code),
            )
            for summary, variant_title in zip(group, variant_titles(group), strict=True)
        ),
    )


def variant_titles(group: Sequence[CodeSummary]) -> list[str]:
    """What sets each code of the group apart; the suffix letters help where the words do not."""
    if len(group) == 1:
        return [""]
    titles = distinguishing_titles([summary.title for summary in group])
    folded = [title.casefold() for title in titles]
    return [
        title if folded.count(title.casefold()) == 1 else f"{title} ({suffix_of(summary)})".strip()
        for title, summary in zip(titles, group, strict=True)
    ]


def suffix_of(summary: CodeSummary) -> str:
    """The letters behind the digits, or the whole code where there are none."""
    return summary.stock_code.removeprefix(summary.base) or summary.stock_code


def share_enough_words(family: Sequence[CodeSummary]) -> bool:
    """Whether the titles of all codes have at least two words in common."""
    shared = set.intersection(*(set(words_of(summary.title)) for summary in family))
    return len(shared) >= SHARED_WORDS_OF_VARIANTS


def opening_stock(sku: str) -> int:
    """Between 1 and 200 units, always the same for a SKU: the CRC-32 of its letters, folded."""
    return 1 + zlib.crc32(sku.encode()) % MOST_OPENING_UNITS


def price_warning(summary: CodeSummary) -> Finding | None:
    """A warning when the highest price of a code is five times its lowest or more."""
    prices = summary.prices.seen
    lowest, highest = min(prices), max(prices)
    if highest < SUSPICIOUS_SPREAD * lowest:
        return None
    chosen = summary.prices.most_frequent()
    farthest = highest if highest / chosen >= chosen / lowest else lowest
    detail = f"sold from {lowest} to {highest}, most often at {chosen}: {summary.title}"
    return Finding(prices[farthest][2], Kind.WARNING, Reason.PRICE_SPREAD, summary.stock_code, detail)


def split_warning(summary: CodeSummary) -> Finding:
    """The note that a code with suffix letters became a product of its own."""
    return warning(summary, Reason.SUFFIXES_SPLIT, f"a product of its own: {summary.title}")


def warning(summary: CodeSummary, reason: Reason, detail: str) -> Finding:
    """A warning about a code as a whole, at its first line."""
    return Finding(summary.first_line, Kind.WARNING, reason, summary.stock_code, detail)
