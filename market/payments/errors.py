"""Refusals about payments."""

from core.errors import Conflict, Forbidden, NotFound


class PaymentNotFound(NotFound):
    """No such payment, or not for this caller."""

    code = "payment_not_found"
    title = "There is no such payment."


class PaymentNotOpen(Conflict):
    """The payment has ended already, in another way."""

    code = "payment_not_open"
    title = "The payment is not open any more."


class PaymentAlreadyOpen(Conflict):
    """An order is paid by one attempt at a time."""

    code = "payment_already_open"
    title = "The order has an open payment already."


class OrderNotPayable(Conflict):
    """The order does not wait for money."""

    code = "order_not_payable"
    title = "The order cannot be paid."


class NotConfirmedByHand(Forbidden):
    """The provider tells us itself; nobody may say so in its place."""

    code = "not_confirmed_by_hand"
    title = "Payments of this provider are not confirmed by hand."
