"""Who is on a list of customers."""

from market.customers.models import Customer


def people_on_list(*, customer_list_id: int, most: int) -> tuple[int, list[str]]:
    """How many there are, and the first of them by email: two statements."""
    people = Customer.objects.filter(lists=customer_list_id)
    return people.count(), list(people.order_by("user__email").values_list("user__email", flat=True)[:most])
