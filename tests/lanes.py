"""Two lanes for a suite that mostly waits: tests of whole systems in one, everything else in the other.

`make test` runs pytest-xdist with this plugin. Tests that start processes stay together in one lane, so that the
shop is started once; the other lane takes the rest, a module at a time. Modules whose shops are their own come last,
for the lane that is done first. Each lane has a database of its own (pytest-django adds the lane's name) and Redis
databases of its own.
"""

import os
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

FOLDERS_OF_PROCESSES = ("tests/system/", "tests/races/")
# These never ask for the fixture `shop`, the one of all the others. The longest first: a lane
# is given the next module when two tests are left of the last.
WITH_SHOPS_OF_THEIR_OWN = (
    "tests/system/test_schemathesis.py",
    "tests/system/test_database_faults.py",
    "tests/system/test_kills.py",
    "tests/system/test_unprivileged.py",
)
# A lane's own database and that of the processes it starts, with room for those of single tests.
REDIS_DATABASES_PER_LANE = 4


def in_lane(redis_url: str, lane: int) -> str:
    """The URL of the first Redis database of the lane."""
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        options = dict(parse_qsl(parts.query))
        number = int(options.get("db", 0)) + lane * REDIS_DATABASES_PER_LANE
        return f"unix://{parts.path}?{urlencode(options | {'db': number})}"
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + lane * REDIS_DATABASES_PER_LANE}").geturl()


# Before the settings are read.
if (worker := os.environ.get("PYTEST_XDIST_WORKER")) and "REDIS_URL" in os.environ:
    os.environ["REDIS_URL"] = in_lane(os.environ["REDIS_URL"], int(worker.removeprefix("gw")))


def module_of(nodeid: str) -> str:
    """The file that the test lies in."""
    return nodeid.partition("::")[0]


def shares_the_shop(nodeid: str) -> bool:
    """Whether the test is one of whole systems that stay together, by where it lies."""
    return nodeid.startswith(FOLDERS_OF_PROCESSES) and module_of(nodeid) not in WITH_SHOPS_OF_THEIR_OWN


def turn(nodeid: str) -> int:
    """When the test is handed out."""
    if shares_the_shop(nodeid):
        return -1
    module = module_of(nodeid)
    return 1 + WITH_SHOPS_OF_THEIR_OWN.index(module) if module in WITH_SHOPS_OF_THEIR_OWN else 0


class Lanes(LoadScopeScheduling):
    """Hands out the tests that share a shop as one piece of work, the others a module at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return "processes" if shares_the_shop(nodeid) else module_of(nodeid)


class Order:
    """The long lane sets out first; the order within it and within a module stays."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: turn(item.nodeid))

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> Lanes:
        return Lanes(config, log)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Order())
