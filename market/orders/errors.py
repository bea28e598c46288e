"""Refusals about orders."""

from core.errors import Conflict, NotFound


class OrderNotFound(NotFound):
    """No such order, or not for this caller."""

    code = "order_not_found"
    title = "There is no such order."


class IllegalTransition(Conflict):
    """The order's status does not lead to the wanted one."""

    code = "illegal_transition"
    title = "The order cannot take this status."


class OrderNotCancelable(Conflict):
    """The order is shipped, or past it."""

    code = "order_not_cancelable"
    title = "The order can no longer be canceled."
