"""Load the order history of an Online Retail export: past orders, their customers, and what was paid back."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from core.errors import Invalid
from core.operations.registry import Failure, KeepAlive, Operation, Outcome, Plan, Row, register
from core.operations.services.files import refused
from market.checkout.services import PastItem, PastOrder, import_past_orders
from market.customers.selectors import PARTS, ids_by_email
from market.payments.services import PastRefund, write_past_refunds
from tasks.imports.online_retail.countries import code_of
from tasks.imports.online_retail.findings import Finding
from tasks.imports.online_retail.history import HistoryOnDisk, PastLine, PastRow, read_history
from tasks.imports.online_retail.lines import COLUMNS, NotAnExport, text_of
from tasks.operations.import_online_retail import NoParameters, failure_of

LINES_BETWEEN_SIGNS_OF_LIFE = 10_000
NO_ADDRESS = dict.fromkeys(PARTS, "")


@register
class ImportPastOrders(Operation):
    """A row is an invoice, or one line of a canceled one; cancellations come after all invoices, oldest first.

    The lines are sorted on disk before the first row: each advance reads the whole file again, about a
    second for 30,000 lines, and its place in it is the row's key.
    """

    name = "import_past_orders"
    title = "Import past orders"
    description = (
        "Adds the invoices of an Online Retail export as delivered and paid orders with their customers, and changes "
        "nothing that is there. No stock moves, no mail is sent. A canceled line is paid back from what its "
        "customer had bought until then, the newest order first. Import the products first. "
        "Failed rows are its refused lines; mended, they can be imported alone."
    )
    permission = "orders.add_order"
    form = NoParameters
    takes_file = True
    failure_columns = COLUMNS
    # 500 orders with lines, quotes, history, payments and customers take about 0.4 s.
    batch_size = 500

    @classmethod
    def check_file(cls, file: BinaryIO) -> None:
        try:
            with text_of(file) as stream:
                if next(read_history(stream), None) is None:
                    raise refused("empty", "The file has no lines below its header.")
        except NotAnExport as error:
            raise refused("not_an_export", f"This is no Online Retail export: {error}.") from error

    def prepare(self, keep_alive: KeepAlive) -> None:
        self.history = HistoryOnDisk()
        self.findings: list[Finding] = []
        self.lines = 0
        try:
            with text_of(self.file) as stream:
                self.history.add(self._kept(read_history(stream), keep_alive))
        except NotAnExport as error:
            raise Invalid(f"The file cannot be read: {error}.") from error

    def _kept(self, outcomes: Iterable[PastLine | Finding], keep_alive: KeepAlive) -> Iterator[PastLine]:
        for outcome in outcomes:
            self.lines += 1
            if self.lines % LINES_BETWEEN_SIGNS_OF_LIFE == 0:
                keep_alive()
            if isinstance(outcome, Finding):
                self.findings.append(outcome)
            else:
                yield outcome

    def plan(self) -> Plan:
        counts = {"lines": self.lines, "lines refused": len(self.findings)}
        failures = [failure_of(finding) for finding in self.findings]
        return Plan(total=self.history.count(), refused=failures, counts=counts)

    def rows(self, *, bounds: Mapping[str, Any], cursor: str, limit: int) -> list[Row]:
        return [Row(row.key, row) for row in self.history.after(cursor, limit=limit)]

    def rows_of(self, *, keys: Sequence[str]) -> list[Row]:
        return [Row(row.key, row) for row in self.history.of(keys)]

    def process_batch(self, rows: Sequence[Row]) -> Outcome:
        past: list[PastRow] = [row.data for row in rows]
        sold = import_sales([row for row in past if not row.lines[0].is_cancellation])
        taken_back = import_cancellations([row for row in past if row.lines[0].is_cancellation])
        return Outcome(
            failures=[*sold.failures, *taken_back.failures],
            changes=[*sold.changes, *taken_back.changes],
            counts={**sold.counts, **taken_back.counts},
        )


def import_sales(rows: Sequence[PastRow]) -> Outcome:
    """Add the invoices that are missing as orders."""
    past_orders = {row.key: past_order(row) for row in rows}
    told = import_past_orders(past_orders=[*past_orders.values()])
    refused_rows = [(row, told.refused.get(past_orders[row.key].number)) for row in rows]
    added = {*told.added}
    return Outcome(
        failures=[failure(row, *why) for row, why in refused_rows if why],
        changes=[
            {"row": order.number, "field": "order", "before": None, "after": f"{order.email}, {total_of(order)}"}
            for order in past_orders.values()
            if order.number in added
        ],
        counts={"orders added": len(told.added), "orders there already": len(told.known)},
    )


def import_cancellations(rows: Sequence[PastRow]) -> Outcome:
    """Pay back what was taken back, as far as the customer had bought anything."""
    lines = {reference_of(row.lines[0]): row for row in rows}
    customers = ids_by_email(emails={email_of(row.lines[0]) for row in rows})
    refunds = [
        PastRefund(customers[email_of(row.lines[0])], reference, row.lines[0].amount, row.lines[0].at)
        for reference, row in lines.items()
        if email_of(row.lines[0]) in customers
    ]
    found = write_past_refunds(refunds=refunds)
    nothing = [row for reference, row in lines.items() if not found.get(reference)]
    short = [row for reference, row in lines.items() if 0 < found.get(reference, 0) < row.lines[0].amount]
    message = "Its customer had bought nothing until then that is not paid back already."
    return Outcome(
        failures=[failure(row, "nothing_to_refund", message) for row in nothing],
        counts={"cancellations paid back": len(rows) - len(nothing), "of them in part": len(short)},
    )


def past_order(row: PastRow) -> PastOrder:
    """The invoice as an order: of its earliest line's moment, of its first line's customer."""
    first = row.lines[0]
    return PastOrder(
        number=f"PAST-{first.invoice}",
        email=email_of(first),
        placed_at=min(line.at for line in row.lines),
        address=NO_ADDRESS | {"name": f"Customer {first.customer}", "country": code_of(first.country)},
        items=[PastItem(line.stock_code, line.quantity, line.unit_price) for line in row.lines],
    )


def email_of(line: PastLine) -> str:
    """An address that reaches nobody, the same for each line of a customer."""
    return f"customer-{line.customer}@example.invalid"


def reference_of(line: PastLine) -> str:
    """What names a canceled line among all, wherever it stands in the file."""
    said = "\x1f".join(line.cells[name].strip() for name in COLUMNS)
    return f"{line.invoice} {line.stock_code} {hashlib.blake2b(said.encode(), digest_size=8).hexdigest()}"


def total_of(order: PastOrder) -> str:
    """What was paid for it."""
    return str(sum(item.quantity * item.unit_price for item in order.items))


def failure(row: PastRow, code: str, message: str) -> Failure:
    """A row that cannot be done, named by its first line."""
    return Failure(row.key, code, message, row.lines[0].cells)
