"""The rules of the house that can be checked by looking at the code."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.guards import GUARDS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("core", "market", "tasks", "storefront", "loadtests", "tests")
TYPED_BY_HAND = {".py", ".html", ".css", ".js", ".txt", ".toml", ".yml", ".yaml", ".md", ".in", ""}
# Written by a command, and a table to look things up in.
LONG_BY_NATURE = {"docs/openapi.yaml", "docs/pricing-examples.md"}
LINES = 400
FORBIDDEN_NAMES = {"utils.py", "helpers.py", "common.py", "managers.py", "misc.py"}
# Who may look at the environment: the settings, the programs that start others, and the tests.
ENVIRONMENT_READERS = ("storefront/settings/", "storefront/embedded/", "loadtests/", "tests/", "manage.py")
NAMES_THE_SETTINGS = {"storefront/celery.py", "storefront/wsgi.py", "storefront/asgi.py"}
# It tells the library of the metrics its folder, which takes it from nowhere else.
TELLS_A_LIBRARY = {"core/metrics_folder.py"}
WRITES = {"bulk_create", "bulk_update", "create", "get_or_create", "select_for_update", "update", "update_or_create"}
RULES_ALONE = {"round_money", "transaction", "connection"}
BRANCHES = 5
# How Celery and beat are set up; the tables that they write are beat's own.
BEAT = {"celery_settings.py", "schedule.py", "scheduler.py"}


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def is_test(path: Path) -> bool:
    return "tests" in path.parts or path.name == "conftest.py"


def edges() -> list[Path]:
    """The modules that only translate: HTTP, admin screens, tasks and commands."""
    found = [path for path in modules("core", "market") if "api" in path.parts or path.name == "admin.py"]
    found += [path for path in modules("core", "market", "tasks") if "commands" in path.parts]
    found += [path for path in (ROOT / "tasks").glob("*.py") if path.name not in BEAT]
    # core/api is the machinery of HTTP itself: pagination, throttles, renderers.
    return [path for path in found if not is_test(path) and (ROOT / "core/api") not in path.parents]


def committed() -> list[Path]:
    """Every file of the repository, as far as git is there to tell and knows of one."""
    if not (git := shutil.which("git")):
        return []
    listed = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [ROOT / name for name in listed.stdout.splitlines()]


def test_no_file_is_longer_than_400_lines():
    candidates = committed() or list(modules(*PACKAGES))
    long = {
        name_of(path): count
        for path in candidates
        if path.is_file()
        and path.suffix in TYPED_BY_HAND
        and "migrations" not in path.parts
        and name_of(path) not in LONG_BY_NATURE
        and not (path.suffix == ".txt" and "requirements" in name_of(path))
        and (count := len(path.read_text(errors="replace").splitlines())) > LINES
    }

    assert len(candidates) > 100
    assert long == {}


def test_no_drawer_for_everything():
    assert [name_of(path) for path in modules(*PACKAGES) if path.name in FORBIDDEN_NAMES] == []


@pytest.mark.system
def test_imports_go_one_way():
    contracts = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert contracts.returncode == 0, contracts.stdout + contracts.stderr
    assert "8 kept, 0 broken" in contracts.stdout


def test_only_the_settings_read_the_environment():
    readers = []
    for path in [*modules(*PACKAGES), ROOT / "conftest.py"]:
        name = name_of(path)
        if name.startswith(ENVIRONMENT_READERS) or name in NAMES_THE_SETTINGS | TELLS_A_LIBRARY or is_test(path):
            continue
        text = path.read_text()
        if "os.environ" in text or "getenv" in text:
            readers.append(name)

    assert readers == []


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_edges_neither_write_rows_nor_lock_them():
    """A write in a view, serializer, admin screen, task or command is a rule outside of the services."""
    offenders = []
    for path in edges():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
                owner = ast.unparse(node.func.value)
                if "objects" in owner or "queryset" in owner or ".filter(" in owner:
                    offenders.append(f"{name_of(path)}:{node.lineno} {owner}.{node.func.attr}")

    assert offenders == []


def test_edges_know_neither_transactions_nor_how_money_is_rounded():
    offenders = []
    for path in edges():
        if path.parts[-2] == "tasks" or "commands" in path.parts:
            continue  # a scheduler or a check reads tables that no service owns
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                wrong = RULES_ALONE & {alias.name for alias in node.names}
                offenders += [f"{name_of(path)}:{node.lineno} {name}" for name in sorted(wrong)]

    assert offenders == []


def test_edges_decide_little():
    """A function of an edge with many branches is deciding something: that is for rules and services."""
    deciding = []
    for path in edges():
        for function in functions(ast.parse(path.read_text())):
            inner = [
                node for node in ast.walk(function) if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Match)
            ]
            if len(inner) > BRANCHES:
                deciding.append(f"{name_of(path)}:{function.lineno} {function.name} has {len(inner)} branches")

    assert deciding == []


def judges(function: ast.FunctionDef) -> bool:
    """Whether it can fail by what it sees: it asserts, expects an error, or fails when no round has shown any."""
    verdicts = {"pytest.raises", "pytest.fail"}
    return any(
        isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and ast.unparse(node.func) in verdicts)
        for node in ast.walk(function)
    )


def guards_switched_off(function: ast.FunctionDef) -> set[str]:
    """The guards in `guards=["…"]`, of a shop that is started or of two that meet in this process."""
    lists = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.keyword) and node.arg == "guards" and isinstance(node.value, ast.List)
    ]
    return {element.value for each in lists for element in each.elts if isinstance(element, ast.Constant)}


def test_each_guard_has_a_twin_that_fails_without_it():
    """A race test called `test_twin…` or `test_without…` switches the guard off by name and judges what happens."""
    twins = {
        f"{name_of(path)}::{function.name}": function
        for path in modules("tests/races")
        for function in functions(ast.parse(path.read_text()))
        if function.name.startswith(("test_twin", "test_without"))
    }
    switched_off = {name: guards_switched_off(function) for name, function in twins.items()}

    assert [name for name, function in twins.items() if not judges(function)] == []
    assert [name for name, guards in switched_off.items() if not guards] == []
    assert set().union(*switched_off.values()) == set(GUARDS)
