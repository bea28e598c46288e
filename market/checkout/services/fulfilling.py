"""Staff take an order along the state graph."""

from core.transactions import in_one_transaction
from market.checkout.services.canceling import cancel_order
from market.inventory import services as inventory
from market.orders import services as orders
from market.orders.models import Order


@in_one_transaction
def change_status(*, order_id: int, status: str, staff_id: int) -> Order:
    """Give an order its next status, and its stock what follows from it.

    Confirmed: its units are kept without a deadline. Shipped: they leave the stock. Canceled: as
    `cancel_order`. Returned units come back by a stock movement once staff have looked at them.
    Idempotent: an order of that status is returned unchanged. Locks the order, then its stock.
    Raises IllegalTransition, naming the allowed statuses.
    """
    actor = staff_actor(staff_id)
    order = orders.lock_order(order_id=order_id)
    if order.status == status:
        return order
    if status == Order.Status.CANCELED and order.is_cancelable:
        return cancel_order(order_id=order_id, actor=actor)
    orders.move_order(order=order, status=status, actor=actor)
    if status == Order.Status.CONFIRMED:
        inventory.commit(reference=order.number)
    elif status == Order.Status.SHIPPED:
        inventory.consume(reference=order.number, actor_id=staff_id)
    return order


@in_one_transaction
def confirm_free_order(*, order_id: int) -> None:
    """Confirm an order that costs nothing and keep its units without a deadline: no payment will do it.

    Idempotent; an order that somebody has confirmed or canceled meanwhile stays as it is, one that is
    gone is nothing. Locks the order, then its stock.
    """
    order = Order.objects.for_update().filter(pk=order_id, status=Order.Status.PENDING).first()
    if order is not None and order.is_free:
        orders.move_order(order=order, status=Order.Status.CONFIRMED, actor="system", detail="nothing to pay")
        inventory.commit(reference=order.number)


def staff_actor(staff_id: int) -> str:
    """How the history names a member of staff."""
    return f"staff:{staff_id}"
