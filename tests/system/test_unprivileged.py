"""The whole shop as a user without any rights."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from storefront.embedded.processes import identity_of
from tests.running import ROOT
from tests.system.buyer import Buyer
from tests.system.supervised import SupervisedShop

pytestmark = pytest.mark.system

USER = "nobody"


def python_for(user: str, folder: Path) -> str | None:
    """A Python of exactly this version that the user may run: ours, or a copy of it in `folder`."""
    if may_run(user, sys.executable):
        return sys.executable
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = Path(sys.base_prefix) / "lib" / version
    left_out = shutil.ignore_patterns("site-packages", "test", "tests", "idlelib", "tkinter", "__pycache__", "config-*")
    shutil.copytree(library, folder / "lib" / version, ignore=left_out)
    for shared in (Path(sys.base_prefix) / "lib").glob("libpython*.so*"):
        shutil.copy2(shared, folder / "lib")
    (folder / "bin").mkdir()
    copy: Path = shutil.copy2(Path(sys.executable).resolve(), folder / "bin" / version)
    return str(copy) if may_run(user, copy) else None


def may_run(user: str, python: str | Path) -> bool:
    """Whether this Python finds the shop and its packages when the user starts it."""
    probe = [python, "-c", "import django, psycopg, granian, redis, storefront"]
    try:
        done = subprocess.run(
            probe, **identity_of(user), cwd=ROOT, env=environment_of(python), capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def environment_of(python: str | Path) -> dict[str, str]:
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{packages}:{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LD_LIBRARY_PATH": str(Path(python).parent.parent / "lib"),
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="the suite itself runs without rights here")
def test_shop_runs_for_a_user_without_rights(reachable_folder):
    python = python_for(USER, reachable_folder / "python")
    if python is None:
        pytest.skip(f"{USER} may run no Python here that reaches {ROOT} and its packages")
    home = reachable_folder / "home"
    home.mkdir()
    os.chown(home, pwd.getpwnam(USER).pw_uid, -1)
    shop = SupervisedShop(home / "data", python=python, user=USER, LOADTEST_TOKEN="kill-test")
    shop.environment |= environment_of(python)
    try:
        shop.start()
        buyer = Buyer(shop.url)
        number = buyer.order()
        owners = shop.owners()

        assert buyer.is_kept(number)
        assert owners == {USER}
        assert {path.owner() for path in (home / "data").iterdir()} == {USER}
        assert shop.stop() == 0
        assert shop.running() == []
    finally:
        shop.discard()
