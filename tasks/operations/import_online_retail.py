"""Load products, variants and opening stock from an Online Retail export."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from django import forms

from core.errors import Invalid
from core.operations.registry import Failure, KeepAlive, Operation, Outcome, Plan, Row, register
from core.operations.services.files import refused
from market.catalog.models import Variant
from tasks.imports.online_retail.findings import Finding, Kind
from tasks.imports.online_retail.lines import COLUMNS, NotAnExport, read_lines, text_of
from tasks.imports.online_retail.loading import Reading, load_batch, load_categories, read_stream
from tasks.imports.online_retail.products import ProductDraft


class NoParameters(forms.Form):
    """The file says everything."""


@register
class ImportOnlineRetail(Operation):
    """A row is a product with its variants and stock; the lines that cannot be sold fail at the beginning.

    The lines are summed up to products before the first row, in memory: each advance reads the
    whole file again, half a second for 30,000 lines, and its place in it is the SKU.
    """

    name = "import_online_retail"
    title = "Import an Online Retail export"
    description = (
        "Adds the products, variants and opening stock that are missing and changes nothing that is there. "
        "The file is a CSV, plain or gzip. Failed rows are its refused lines; mended, they can be imported alone."
    )
    permission = "catalog.add_product"
    form = NoParameters
    takes_file = True
    failure_columns = (*COLUMNS, "line")
    # 500 products with their stock take about 0.15 s.
    batch_size = 500

    reading: Reading

    @classmethod
    def check_file(cls, file: BinaryIO) -> None:
        try:
            with text_of(file) as stream:
                if next(read_lines(stream), None) is None:
                    raise refused("empty", "The file has no lines below its header.")
        except NotAnExport as error:
            raise refused("not_an_export", f"This is no Online Retail export: {error}.") from error

    def prepare(self, keep_alive: KeepAlive) -> None:
        try:
            with text_of(self.file) as stream:
                self.reading = read_stream(stream=stream, progress=lambda _: keep_alive())
        except NotAnExport as error:
            raise Invalid(f"The file cannot be read: {error}.") from error
        self.reading.products.sort(key=key_of)
        self._keys = [key_of(draft) for draft in self.reading.products]

    def plan(self) -> Plan:
        refusals = [finding for finding in self.reading.findings if finding.kind is Kind.REFUSED]
        counts = {
            "lines": self.reading.lines,
            "lines refused": len(refusals),
            "warnings": len(self.reading.findings) - len(refusals),
        }
        return Plan(total=len(self._keys), refused=[failure_of(finding) for finding in refusals], counts=counts)

    def rows(self, *, bounds: Mapping[str, Any], cursor: str, limit: int) -> list[Row]:
        begin = bisect_right(self._keys, cursor)
        return [Row(key_of(draft), draft) for draft in self.reading.products[begin : begin + limit]]

    def rows_of(self, *, keys: Sequence[str]) -> list[Row]:
        wanted = set(keys)
        return [Row(key_of(draft), draft) for draft in self.reading.products if key_of(draft) in wanted]

    def process_batch(self, rows: Sequence[Row]) -> Outcome:
        drafts = [row.data for row in rows]
        skus = [variant.sku for draft in drafts for variant in draft.variants]
        known = set(Variant.objects.filter(sku__in=skus).values_list("sku", flat=True))
        load_categories()
        loaded = load_batch(products=drafts)
        return Outcome(
            changes=[change for draft in drafts for change in additions(draft, known=known)],
            counts={"products added": loaded.products, "variants added": loaded.variants},
        )


def key_of(draft: ProductDraft) -> str:
    """The first SKU of a product: products come in their order."""
    return draft.variants[0].sku


def additions(draft: ProductDraft, *, known: set[str]) -> list[dict[str, str | None]]:
    """What the product adds, as staff see it."""
    return [
        {
            "row": variant.sku,
            "field": "variant",
            "before": None,
            "after": f"{' '.join(filter(None, [draft.title, variant.title]))}, {variant.price}",
        }
        for variant in draft.variants
        if variant.sku not in known
    ]


def failure_of(finding: Finding) -> Failure:
    """A refused line; it has no key, as the same line would be refused again."""
    return Failure("", str(finding.reason), finding.detail, {**finding.cells, "line": finding.line})
