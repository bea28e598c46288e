"""The documents against the code: links, commands and the table of requirements."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
REQUIREMENTS = ROOT / "docs/requirements.md"
ACCEPTANCE = ROOT / "docs/acceptance.md"
# What the shop must survive, line by line.
ACCEPTANCE_LINES = range(1, 36)
# The rows whose checks must pass by now: (first, last) of each run.
DONE = "A1-A23 B1-B21 C1-C4 C7 D1-D5 D7-D10 D12-D14 E1-E2 E5-E10 E12-E15 F1 G1-G7 H1-H5 I3-I5 I7 J1-J19 J21-J27"


def rows_done() -> list[str]:
    """The row names that `DONE` stands for."""
    names = []
    for run in DONE.split():
        first, _, last = run.partition("-")
        numbers = range(int(first[1:]), int((last or first)[1:]) + 1)
        names += [f"{first[0]}{number}" for number in numbers]
    return names


def table_rows() -> dict[str, str]:
    """The table of requirements: row name → the cell that names its tests."""
    rows = re.findall(r"^\| ([A-J]\d+) \|.*\| ([^|]*) \|$", REQUIREMENTS.read_text(), re.MULTILINE)
    assert len({name for name, _ in rows}) == len(rows)
    return dict(rows)


def acceptance_rows() -> dict[int, tuple[str, str]]:
    """The table of what the shop must survive: line → (the tests named, what it waits for)."""
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]*)\| ([^|]*)\|$", ACCEPTANCE.read_text(), re.MULTILINE)
    assert len({line for line, _, _ in rows}) == len(rows)
    return {int(line): (tests.strip(), waits_for.strip()) for line, tests, waits_for in rows}


def assert_named_tests_exist(cell: str) -> None:
    for path, name in re.findall(r"`([\w/]+\.py)::(\w+)`", cell):
        assert (ROOT / path).exists(), path
        assert name in names_in(ROOT / path), f"{path}::{name}"


def names_in(path: Path) -> set[str]:
    """The names of the tests in a file, and of its test classes."""
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Assign)
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, kinds[:2]):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_exist(document):
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for target in re.findall(r"(?:`|\$ )make ([a-z][a-z-]*)", document.read_text()):
        assert target in targets, target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_management_commands_exist(document):
    ours = {path.stem for path in ROOT.glob("*/**/management/commands/*.py") if ".venv" not in path.parts}
    for command in re.findall(r"manage\.py ([a-z_]+)", document.read_text()):
        assert command in ours | {"migrate", "collectstatic", "createsuperuser", "makemigrations"}, command


def test_every_decision_is_listed():
    listed = re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", (ROOT / "docs/adr/README.md").read_text())
    assert listed == sorted(path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md"))


def test_architecture_fits_on_a_page():
    assert len((ROOT / "docs/architecture.md").read_text().splitlines()) <= 80


def test_every_requirement_that_is_due_is_in_the_table():
    assert set(rows_done()) <= set(table_rows())


@pytest.mark.parametrize("row", sorted(set(rows_done()) | (set(table_rows()) if REQUIREMENTS.exists() else set())))
def test_tests_of_the_requirement_exist(row):
    assert "::" in table_rows()[row], f"{row} names no test"
    assert_named_tests_exist(table_rows()[row])


def test_every_line_of_what_it_must_survive_is_in_the_table():
    assert list(acceptance_rows()) == list(ACCEPTANCE_LINES)


@pytest.mark.parametrize("line", ACCEPTANCE_LINES)
def test_what_it_must_survive_is_shown_or_says_what_it_waits_for(line):
    tests, waits_for = acceptance_rows()[line]
    assert "::" in tests or waits_for, f"line {line} names neither a test nor what it waits for"
    assert_named_tests_exist(tests)


def test_every_package_has_tests():
    packages = [*(ROOT / "market").iterdir(), *(ROOT / "core").iterdir(), ROOT / "tasks", ROOT / "storefront"]
    for package in packages:
        if (package / "models.py").exists() or (package / "services").exists() or (package / "services.py").exists():
            found = [name for path in package.rglob("test_*.py") for name in names_in(path) if name.startswith("test_")]
            assert found, package.name


def test_running_it_names_the_settings_that_its_programs_do_not_choose_by_themselves():
    for program in ("manage.py", "storefront/wsgi.py", "storefront/asgi.py", "storefront/celery.py"):
        assert '"DJANGO_SETTINGS_MODULE", "storefront.settings.development"' in (ROOT / program).read_text()
    assert "DJANGO_SETTINGS_MODULE=storefront.settings.production" in (ROOT / "docs/operations.md").read_text()


def test_readme_publishes_the_coverage():
    assert re.search(r"Coverage: \d{2}(\.\d)? %", (ROOT / "README.md").read_text())
