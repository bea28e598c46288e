"""What the shop asks of a payment provider."""

from datetime import timedelta
from typing import Any, Protocol

from market.payments.models import Payment


class Provider(Protocol):
    """A way to pay.

    `deadline` is how long a buyer has to pay; the stock is kept a little longer. `lapses` says
    that a payment still pending then was simply not made, so that the order may be canceled
    without asking anybody. `is_confirmed_by_staff` says that money is seen by a person.
    """

    code: str
    lapses: bool
    is_confirmed_by_staff: bool

    @property
    def deadline(self) -> timedelta: ...

    def client_action(self, *, payment: Payment) -> dict[str, Any]:
        """What the buyer's client does next to pay. Asks nobody; the payment comes with its order."""
        ...
