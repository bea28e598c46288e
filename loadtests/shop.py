"""Where the shop is, and what lets a load test through: the environment, `.env`, the data folder."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOKEN_FILE = "loadtest-token"  # noqa: S105 - the file's name


def variable(name: str) -> str:
    """The environment variable, else what `.env` says, else nothing."""
    if name in os.environ:
        return os.environ[name]
    file = ROOT / ".env"
    written = re.search(rf"^{name}=(.*)$", file.read_text(), re.MULTILINE) if file.exists() else None
    return written[1].strip().strip("'\"") if written else ""


def data_folder() -> Path:
    """Where `make run` keeps its data."""
    return Path(variable("DATA_DIR") or ROOT / ".data").resolve()


def loadtest_token() -> str:
    """What lifts the throttles for us: `LOADTEST_TOKEN`, else what `make run` has left in its data folder."""
    file = data_folder() / TOKEN_FILE
    return variable("LOADTEST_TOKEN") or (file.read_text().strip() if file.exists() else "")


def shop_url() -> str:
    """Where `make run` serves."""
    return f"http://localhost:{variable('PORT') or 8000}"


def running_environment() -> dict[str, str]:
    """What `make run` told other commands about its servers; empty when it never ran here."""
    file = data_folder() / "environment"
    lines = file.read_text().splitlines() if file.exists() else []
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
