"""Where the web processes of one server count together. Imported before the library of the metrics."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

# Of this server; None where the process counts in memory.
shared: Path | None = None


def share_metrics(data_folder: Path) -> None:
    """Have this web process count in files, beside the other processes of the same server.

    Each server (our parent) has a folder of its own; those of ended ones are removed. Where the data
    folder cannot be written it is the system's for temporary files. Changes nothing once the library is
    imported, as it decides then.
    """
    global shared
    if "prometheus_client" in sys.modules:
        return
    try:
        shared = _own_folder(data_folder / "metrics")
    except OSError:
        shared = _own_folder(Path(tempfile.gettempdir()) / f"storefront-metrics-{os.getuid()}")
    # How the library is told.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared)


def _own_folder(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    server = os.getppid()
    own = folder / f"{server}-{_started_at(server)}"
    own.mkdir(exist_ok=True)
    for other in folder.iterdir():
        pid, _, started_at = other.name.partition("-")
        if pid.isdecimal() and (not is_running(int(pid)) or _started_at(int(pid)) != started_at):
            shutil.rmtree(other, ignore_errors=True)
    return own


def is_running(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _started_at(pid: int) -> str:
    """What tells a process from another that gets its number later; the same for all where the system does not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "0"
