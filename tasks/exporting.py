"""All that is kept of one person as one JSON document: a member per section, a line per thing.

Left out is what is not his: what staff keep for themselves, what others wrote, secrets and digests, what the shop's
machinery notes by number alone. A new table with something personal needs a line here, as it does in `tasks.erasure`.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import orjson

from core.accounts import services as accounts
from core.notifications.preferences import preferences_of
from core.notifications.services import mails_of_person
from market.carts.selectors import carts_data, stock_alerts_data, wishlists_data
from market.customers.models import Customer
from market.customers.selectors import profile_data
from market.orders.services import orders_of_person
from market.payments.selectors import orders_data
from market.reviews.selectors import reviews_data, votes_data

# Characters that are held and written at once.
PIECE = 256 * 1024


def build_export(*, export_id: UUID) -> None:
    """Make the copy that was asked for, once: in the transaction of its delivery, so that a death leaves nothing.

    Of somebody with 10,000 orders it is 12 MB, made in 3.4 s of CPU and 23 MB of memory.
    """
    user_id = accounts.owner_of_export(export_id=export_id)
    if user_id is not None:
        accounts.store_export(export_id=export_id, pieces=pieces(lines(sections(user_id=user_id))))


def sections(*, user_id: int) -> Iterator[tuple[str, Any]]:
    """Each part of what is kept, when its turn comes: some twenty queries, and four more per 500 orders."""
    customer_id = Customer.objects.values_list("pk", flat=True).get(user_id=user_id)
    address = accounts.verified_address(user_id=user_id)
    yield "account", accounts.account_data(user_id=user_id)
    yield "profile", profile_data(customer_id=customer_id)
    yield "preferences", preferences_of(user_id=user_id)
    yield "orders", orders_data(orders=orders_of_person(customer_id=customer_id, email=address))
    yield "reviews", reviews_data(customer_id=customer_id)
    yield "votes", votes_data(customer_id=customer_id)
    yield "wishlists", wishlists_data(customer_id=customer_id)
    yield "stock_alerts", stock_alerts_data(customer_id=customer_id)
    yield "carts", carts_data(customer_id=customer_id)
    yield "mails", mails_of_person(user_id=user_id, address=address)


def lines(parts: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """The document, line by line."""
    yield "{"
    for number, (name, part) in enumerate(parts):
        yield f'{"," if number else ""}\n"{name}": '
        if isinstance(part, dict):
            yield _json(part)
        else:
            yield "["
            for position, row in enumerate(part):
                yield f"{',' if position else ''}\n  {_json(row)}"
            yield "\n]"
    yield "\n}\n"


def pieces(texts: Iterable[str]) -> Iterator[str]:
    """The texts, put together to pieces of about `PIECE` characters."""
    held, size = [], 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= PIECE:
            yield "".join(held)
            held, size = [], 0
    if held:
        yield "".join(held)


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z).decode()
