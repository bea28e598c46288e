"""Fixtures for tests of whole systems: the shop as processes, and its twins with a guard switched off."""

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings

from market.customers.services import ensure_standard_tiers
from market.shipping.services import ensure_standard_method
from market.taxes.services import ensure_standard_rate
from tasks.schedule import sync_schedules
from tests.databases import copy_database, drop_constraint, drop_database, redis_url_of_processes
from tests.running import RunningShop, make_shop

MakeTwin = Callable[..., RunningShop]


@pytest.fixture(scope="module")
def reachable_folder() -> Iterator[Path]:
    """An empty folder that other users can enter, as root's servers run as another user. Pytest's own
    folders are closed again by any other run on the machine."""
    folder = Path(tempfile.mkdtemp(prefix="storefront-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template_database(django_db_setup) -> Iterator[str]:
    """A copy of the migrated test database that no process connects to, to clone twins from."""
    source = settings.DATABASES["default"]["NAME"]
    name = f"{source}_template"
    copy_database(source, name)
    yield name
    drop_database(name)


@pytest.fixture(scope="session")
def shop_processes(template_database, tmp_path_factory, django_db_setup) -> Iterator[RunningShop]:
    """The processes behind `shop`, started once."""
    redis_url = redis_url_of_processes()
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    shop = make_shop(
        settings.DATABASES["default"]["NAME"],
        tmp_path_factory.mktemp("shop"),
        redis_url=redis_url,
        guards=[],
        background=True,
    )
    yield shop
    shop.stop()


@pytest.fixture
def shop(shop_processes, transactional_db) -> Iterator[RunningShop]:
    """The test database served by two web workers, a Celery worker, beat and a mail sink.

    What the test writes with the ORM, the processes see; the tables are emptied afterwards. Between
    tests worker and beat are frozen, so that they touch no other test's rows.
    """
    sync_schedules()  # beat reads them from tables that the test before has emptied
    shop_processes.resume()
    yield shop_processes
    shop_processes.clear_fault()
    shop_processes.pause()


@pytest.fixture
def twin(template_database, tmp_path_factory, transactional_db) -> Iterator[MakeTwin]:
    """Makes shops with guards switched off and constraints dropped, each with its own database and two
    web workers: `twin(guards=["stock_condition"], dropped_constraints=[("inventory_stockitem", "…")])`.
    Without a guard it is a shop of the test's own; `environment` adds variables.

    Rows for it are made and read in `with the_twin.orm():`.
    """
    made: list[RunningShop] = []
    numbers = itertools.count(1)

    def make(
        *,
        guards: list[str],
        dropped_constraints: list[tuple[str, str]] = (),
        environment: dict[str, str] | None = None,
    ) -> RunningShop:
        database = f"{settings.DATABASES['default']['NAME']}_twin{next(numbers)}"
        copy_database(template_database, database)
        for table, constraint in dropped_constraints:
            drop_constraint(database, table, constraint)
        running = make_shop(
            database,
            tmp_path_factory.mktemp("twin"),
            redis_url=redis_url_of_processes(),
            guards=guards,
            background=False,
        )
        running.environment.update(environment or {})
        made.append(running)
        with running.orm():
            ensure_standard_rate()
            ensure_standard_method()
            ensure_standard_tiers()
        running.start("web")
        return running

    yield make
    for running in made:
        running.stop()
        drop_database(running.database)
