"""`.env.example` against the code: nothing missing, nothing left over, every default true."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENT = re.compile(r"^#?([A-Z][A-Z0-9_]+)=(.*)$")
# Only the settings of tests read these.
FOR_TESTS_ALONE = {
    "BROKER_REDELIVERY",
    "DATABASE_PATIENCE",
    "DISABLED_GUARDS",
    "FAULTS_FILE",
    "REDIS_DEADLINE_SECONDS",
    "RUN_LEASE_SECONDS",
}
READERS = {"read", "read_positive", "read_rate", "read_rates", "read_networks"}
# What one process of `make run` tells another, and what every program has.
NOT_FOR_OPERATORS = {"PATH", "LC_ALL", "PYTHONUNBUFFERED", "UTC"}

DUMP = """
import django.conf, json, pathlib
django.conf.settings._setup()
wrapped = django.conf.settings._wrapped
def plain(value):
    if isinstance(value, pathlib.Path):
        return str(value.resolve())
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return repr(value)
print(json.dumps({name: plain(getattr(wrapped, name)) for name in sorted(dir(wrapped)) if name.isupper()}))
"""


def example() -> dict[str, str]:
    """The variables of the file with their values as written, commented or not."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(match.groups() for line in lines if (match := ASSIGNMENT.match(line)))


def names_read_by_settings() -> set[str]:
    """The variable names in calls of the settings' readers."""
    names = set()
    for path in (ROOT / "storefront/settings").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in READERS:
                texts = [argument.value for argument in node.args[:2] if isinstance(argument, ast.Constant)]
                names |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"[A-Z][A-Z0-9_]+", text)}
    return names


def names_read_by_the_embedded_shop() -> set[str]:
    """The upper-case texts that `storefront.embedded` looks up in an environment."""
    names = set()
    for path in (ROOT / "storefront/embedded").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="get" | "setdefault"), args=[ast.Constant(value=str(name)), *_]):
                    names.add(name)
                case ast.Subscript(slice=ast.Constant(value=str(name))):
                    names.add(name)
    return {name for name in names if re.fullmatch(r"[A-Z][A-Z0-9_]+", name)} - NOT_FOR_OPERATORS


def test_file_names_exactly_the_variables_that_are_read():
    read = names_read_by_settings() | names_read_by_the_embedded_shop()
    assert {"DATABASE_URL", "JWT_SECRET_KEY", "PORT", "SECURE_SSL_REDIRECT"} <= read
    assert set(example()) == read - FOR_TESTS_ALONE


def settings_with(environment: dict[str, str], directory: Path) -> dict[str, object]:
    """The development settings as a fresh process sees them."""
    given = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "storefront.settings.development",
    }
    outcome = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DUMP],
        env=given | environment,
        cwd=directory,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(re.sub(r" at 0x[0-9a-f]+", "", outcome.stdout))


@pytest.mark.skipif((ROOT / ".env").exists(), reason="a .env of one's own changes the defaults")
def test_written_defaults_are_the_real_ones():
    given = {name: value.strip('"') for name, value in example().items()}
    assert settings_with(given, ROOT) == settings_with({}, ROOT)


def test_every_variable_is_explained():
    """Each one, or the group without a blank line that it stands in, begins with a comment in words."""
    groups = (ROOT / ".env.example").read_text().split("\n\n")
    for group in groups:
        prose = [line for line in group.splitlines() if line.startswith("# ") and not line.startswith("# ---")]
        names = [line for line in group.splitlines() if ASSIGNMENT.match(line)]
        assert prose or not names, group
