"""Two lanes for a suite that mostly waits: tests of whole systems in one, everything else in the other.

`make test` runs pytest-xdist with this plugin. Tests that start processes stay together in one lane, so that the
shop is started once; the other lane takes the rest, a module at a time. Each lane has a database of its own
(pytest-django adds the lane's name) and Redis databases of its own.
"""

import os
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

FOLDERS_OF_PROCESSES = ("tests/system/", "tests/races/")
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


def starts_processes(nodeid: str) -> bool:
    """Whether the test is one of whole systems, by where it lies."""
    return nodeid.startswith(FOLDERS_OF_PROCESSES)


class Lanes(LoadScopeScheduling):
    """Hands out all tests of processes as one piece of work, the others a module at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return "processes" if starts_processes(nodeid) else nodeid.partition("::")[0]


class Order:
    """The long lane sets out first; the order within it and within a module stays."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: not starts_processes(item.nodeid))

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> Lanes:
        return Lanes(config, log)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Order())
