"""Four clients walk through all verbs of the API at once: never a 5xx, and the invariants hold throughout.

The long form is 2,000 steps for each seed named:
`WALK_STEPS=2000 WALK_SEEDS=1,2,3 make test PYTEST_ARGS="tests/system/test_random_walk.py -s --timeout 0"`.
The seed decides what each client asks; in which order the clients meet, the machine decides.
"""

import os
from collections import Counter, defaultdict

import pytest
from django.urls import get_resolver

from core.accounts.tests.factories import make_user
from core.operations.models import Run
from market.catalog.tests.factories import make_category, make_product
from market.inventory.services import open_stock
from market.pricing.tests.factories import make_coupon, make_promotion
from tests.races.buying import wait_until_handled
from tests.running import RunningShop, wait_for
from tests.test_access import POLICY, STAFF, routes
from tests.walk.steps import PASSWORD, STEPS
from tests.walk.walking import Caller, Walk, Walker
from tests.walk.world import World

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

# Each route once, and as many steps again by their weight, so that orders are among them.
STEPS_TAKEN = int(os.environ.get("WALK_STEPS", "400"))
SEEDS = os.environ.get("WALK_SEEDS", "9").split(",")
STAFF_ROUTES = {(method, path) for path, methods in POLICY.items() for method, who in methods.items() if who == STAFF}
SHOWN_STEPS = 40
# Looks that follow one another at once take half of the machine from those who walk.
SECONDS_BETWEEN_LOOKS = 0.5


def test_every_route_is_a_step_of_the_walk():
    found = {(method, path) for path, methods in routes(get_resolver().url_patterns) for method in methods}
    assert set(STEPS) == found


def small_world() -> World:
    """A few products with little stock, so that the clients meet at them."""
    world = World()
    category = make_category()
    world.remember("category", pk=category.pk, slug=category.slug)
    for number in range(6):
        product = make_product(price="10.00", category=category if number % 2 else None)
        variant = product.variants.get()
        open_stock(units={variant.pk: 25})
        world.remember("product", product_id=product.pk, slug=product.slug)
        world.remember("variant", product_id=product.pk, pk=variant.pk, variant_id=variant.pk)
    make_coupon("AUTUMN")
    make_coupon("ONCE", usage_limit=1)
    make_promotion("First three", usage_limit=3, value="20")
    return world


def four_walkers(shop: RunningShop, walk: Walk, seed: str) -> list[Walker]:
    """A guest, two customers and a member of staff, each with connections of its own."""
    staff = make_user(is_staff=True, is_superuser=True, password=PASSWORD)
    people = {"guest": None, "ann": make_user(email="walker@shop.example", password=PASSWORD), "ben": make_user()}
    return [
        Walker(
            name,
            walk=walk,
            seed=seed,
            own=Caller(shop.client(), person),
            staff=Caller(shop.client(), staff),
            staff_routes=STAFF_ROUTES,
        )
        for name, person in (people | {"staff": staff}).items()
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_all_verbs_by_four_clients_at_once(shop, seed):
    walk = Walk(small_world())
    walkers = four_walkers(shop, walk, seed)
    threads = walk.run(walkers, steps=STEPS_TAKEN // len(walkers))
    looks = 0
    while any(thread.is_alive() for thread in threads):
        found = shop.violations()
        assert found == "", f"seed {seed}\n{found}\n{walk.told(last=SHOWN_STEPS)}"
        looks += 1
        threads[0].join(timeout=SECONDS_BETWEEN_LOOKS)
    told = f"seed {seed}; the last steps:\n{walk.told(last=SHOWN_STEPS)}"
    assert [str(step) for step in walk.failed] == [], told
    assert len(walk.taken) == len(walkers) * (STEPS_TAKEN // len(walkers)), told
    assert walk.acknowledged, told
    wait_for(lambda: not Run.objects.filter(state__in=Run.WORKABLE).exists(), what="no run is at work")
    wait_until_handled()
    assert shop.violations(acknowledged=walk.acknowledged) == "", told
    print(f"seed {seed}: {len(walk.taken)} steps, {len(walk.acknowledged)} orders, looked at {looks} times")
    print(summary(walk))


def summary(walk: Walk) -> str:
    """What each route answered how often, for a look at how far the walk gets."""
    answered: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for step in walk.taken:
        answered[step.route][step.code or step.status] += 1
    return "\n".join(f"  {method:<6} {path:<45} {dict(answered[method, path])}" for method, path in STEPS)
