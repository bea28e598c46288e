"""An erasure whose worker dies anywhere is finished by the next one; what came in meanwhile goes a last time."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from core.accounts.models import DataExport, User
from core.accounts.services import request_export
from core.accounts.services.erasing import LAST_LOOK_AFTER, LEASE
from core.accounts.tests.factories import PASSWORD, make_user
from market.carts.tests.factories import make_cart, make_offer, make_stock_alert, make_wishlist
from market.customers.models import Address
from market.orders.tests.factories import ADDRESS, make_order
from market.reviews.tests.factories import deliver, make_review
from tasks import erasure
from tests.test_erasure import dump, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
NAME = "zq-gone"


class Killed(BaseException):
    """The worker dies here."""


def make_person() -> User:
    """Somebody with something of everything, whose time has come."""
    names = {"email": f"{NAME}@shop.example", "first_name": NAME}
    user = make_user(**names, is_verified=True, erase_at=timezone.now())
    address: dict[str, Any] = ADDRESS | {"name": NAME}
    Address.objects.create(customer=user.customer, **address)
    deliver(make_order(buyer=user, note=NAME, shipping_address=address))
    make_review(author=user, title=NAME)
    make_wishlist(customer=user.customer, title=NAME)
    make_stock_alert(customer=user.customer)
    make_cart(units={make_offer(): 1}, customer=user.customer, postal_code=NAME)
    request_export(user_id=user.pk)
    work_off()
    return user


@pytest.mark.parametrize("point", ["erasure.begun", "erasure.half", "erasure.nearly"])
def test_the_next_finishes_what_a_dead_worker_began(point, api_client, monkeypatch):
    def die(name: str) -> None:
        if name == point:
            raise Killed

    user = make_person()
    assert dump().count(NAME) > 10
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(erasure, "fault_point", die)
        erasure.erase_users()
    body = {"email": user.email, "password": PASSWORD}
    assert api_client.post("/api/v1/auth/login/", body).status_code == 401  # no way back
    before = dump()
    erasure.erase_users()
    assert dump() == before  # its lease still runs
    with time_machine.travel(timezone.now() + LEASE + timedelta(seconds=1)):
        erasure.erase_users()
        assert NAME not in dump()
        assert not DataExport.objects.exists()


def test_all_is_gone_through_once_more_and_never_again():
    user = make_person()
    erasure.erase_users()
    user.refresh_from_db()
    assert (user.erase_at, NAME in dump()) == (user.erased_at + LAST_LOOK_AFTER, False)
    late = make_order(buyer=user, note=NAME)  # a request that had passed the door before
    with time_machine.travel(user.erase_at + timedelta(seconds=1)) as clock:
        erasure.erase_users()
        late.refresh_from_db()
        assert (late.note, late.customer) == (NAME, user.customer)  # it has to be sent first
        deliver(late)
        clock.shift(erasure.ORDERS_UNDER_WAY)
        erasure.erase_users()
    user.refresh_from_db()
    late.refresh_from_db()
    assert (user.erase_at, late.customer, NAME in dump()) == (None, None, False)
