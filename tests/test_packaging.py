"""Image, compose file, workflow and hooks, checked as far as it goes without an engine."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from tasks.celery_settings import QUEUES
from tasks.management.commands.alive import NAMES

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
# They run to their end instead of staying healthy.
JOBS = {"migrate"}
SHOP = {name for name, service in SERVICES.items() if service["image"] == "storefront:local"}


def instructions(name: str) -> list[str]:
    """The arguments of each instruction of that name in the Dockerfile."""
    return re.findall(rf"^{name} (.*)$", DOCKERFILE, re.MULTILINE)


# --- Compose ------------------------------------------------------------------------------------


def test_compose_has_every_part_of_the_shop():
    workers = {f"worker-{queue}" for queue in QUEUES}
    assert set(SERVICES) == {"postgres", "redis-cache", "redis-broker", "mail", "migrate", "web", "beat"} | workers


@pytest.mark.parametrize("name", sorted(set(SERVICES) - JOBS))
def test_service_says_whether_it_is_healthy_and_comes_back(name):
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["restart"] == "unless-stopped"


def test_images_are_pinned_to_a_version():
    for name, service in SERVICES.items():
        assert re.search(r":(local|v?\d[\w.]*)$", service["image"]), name


def test_each_queue_has_one_worker_and_the_check_of_that_worker():
    served = {}
    for name in SHOP - {"web", "beat", "migrate"}:
        command = SERVICES[name]["command"]
        served[name] = command[command.index("--queues") + 1]
        assert SERVICES[name]["healthcheck"]["test"][-3:] == ["manage.py", "alive", f"worker:{served[name]}"]
    assert served == {f"worker-{queue}": queue for queue in QUEUES}
    assert SERVICES["beat"]["healthcheck"]["test"][-1] in NAMES


@pytest.mark.parametrize("name", sorted(SHOP - {"web"}))
def test_command_is_one_that_its_program_accepts(name):
    """The program is asked for the help of the very command, which refuses an unknown option."""
    command = SERVICES[name]["command"]
    program = {"python": [sys.executable], "celery": [sys.executable, "-m", "celery"]}[command[0]]
    outcome = subprocess.run([*program, *command[1:], "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr


def test_broker_keeps_what_the_cache_may_lose():
    broker, cache = SERVICES["redis-broker"]["command"], SERVICES["redis-cache"]["command"]
    assert broker[broker.index("--maxmemory-policy") + 1] == "noeviction"
    assert broker[broker.index("--appendonly") + 1] == "yes"
    assert cache[cache.index("--maxmemory-policy") + 1] == "allkeys-lru"
    assert SERVICES["redis-broker"]["volumes"] == ["broker:/data"]
    environment = SERVICES["web"]["environment"]
    assert environment["CELERY_BROKER_URL"] != environment["CACHE_URL"]


def test_shop_runs_without_rights_and_starts_after_its_servers():
    for name in SHOP:
        service = SERVICES[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        waited_for = service["depends_on"]
        assert set(waited_for) <= set(SERVICES), name
        if name not in JOBS:
            assert waited_for["migrate"] == {"condition": "service_completed_successfully"}, name
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert named == set(COMPOSE["volumes"])


def published(**variables: str) -> dict[str, list[str]]:
    """Each service's published ports, as compose reads them with these variables set."""

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1], match[2])

    return {
        name: [re.sub(r"\$\{(\w+):-([^}]*)\}", value, port) for port in service["ports"]]
        for name, service in SERVICES.items()
        if "ports" in service
    }


def test_nothing_is_published_beyond_this_machine_unless_that_is_asked_for():
    assert published() == {"web": ["127.0.0.1:8000:8000"], "mail": ["127.0.0.1:8025:8025"]}
    assert published(HOST="10.1.2.3", PORT="80") == {"web": ["10.1.2.3:80:8000"], "mail": ["127.0.0.1:8025:8025"]}


def test_variables_are_those_of_the_example():
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_0-9]+)", (ROOT / "docker-compose.yml").read_text()))
    set_for_shop = set(SERVICES["web"]["environment"])
    assert used | set_for_shop <= known


def test_compose_file_is_accepted_by_the_client():
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker client with compose on this machine")
    outcome = subprocess.run(
        [docker, "compose", "config", "--quiet"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr


# --- Image --------------------------------------------------------------------------------------


def test_image_has_two_stages_and_no_root():
    assert [line.split(" AS ")[1] for line in instructions("FROM")] == ["packages", "shop"]
    assert instructions("USER") == ["shop"]
    assert DOCKERFILE.index("USER shop") < DOCKERFILE.index("CMD [")


def test_what_is_copied_exists_and_is_sent_to_the_engine():
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in instructions("COPY"):
        if line.startswith("--from="):
            continue
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source in sent, source


def test_server_command_is_one_that_granian_accepts():
    command = ast.literal_eval(instructions("CMD")[-1])
    assert command[-1] == "storefront.wsgi:application"
    outcome = subprocess.run(
        [sys.executable, "-m", "granian", *command[1:-1], "--help"], capture_output=True, text=True, check=False
    )
    assert (command[0], outcome.returncode) == ("granian", 0), outcome.stderr


def imported_packages() -> dict[str, str]:
    """Top-level packages that shipped code imports, each with a file that does."""
    imported = {}
    for folder in ("core", "market", "tasks", "storefront"):
        for path in (ROOT / folder).rglob("*.py"):
            relative = path.relative_to(ROOT)
            if "tests" in relative.parts or relative.parts[:2] == ("storefront", "embedded"):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module:
                    names = [node.module]
                imported |= {name.split(".")[0]: str(relative) for name in names}
    ours = {"core", "market", "tasks", "storefront"}
    return {name: path for name, path in imported.items() if name not in ours | sys.stdlib_module_names}


def test_runtime_requirements_hold_everything_that_shipped_code_imports():
    pinned = set()
    for name in ("runtime.txt", "s3.txt", "opensearch.txt"):
        lines = (ROOT / "requirements" / name).read_text().splitlines()
        pinned |= {
            re.split(r"[=\[ ]", line)[0].lower().replace("_", "-") for line in lines if re.match(r"[a-zA-Z]", line)
        }
    distributions = packages_distributions()
    # Development settings alone load these, when DEBUG_TOOLBAR or SILK_PERCENT asks for them.
    of_contributors = {"debug_toolbar", "silk"}
    for package, path in imported_packages().items():
        names = {name.lower().replace("_", "-") for name in distributions.get(package, [package])}
        assert names & pinned or package in of_contributors, f"{package}, imported by {path}"


# --- Requirements, workflow, hooks --------------------------------------------------------------


@pytest.mark.parametrize("name", ["runtime", "embedded", "s3", "opensearch", "test", "load", "development"])
def test_requirements_are_pinned_exactly(name):
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith(("#", " ", "-"))]
    assert pins
    assert [line for line in pins if "==" not in line] == []


def make_targets() -> set[str]:
    """The targets that the Makefile has."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_workflow_runs_the_make_targets_of_contributors():
    workflow = yaml.safe_load((ROOT / ".github/workflows/checks.yml").read_text())
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    run = {target for command in commands for target in re.findall(r"^make ([a-z-]+)", command, re.MULTILINE)}
    assert {"check", "test"} <= run <= make_targets()
    assert (ROOT / ".ci/run").read_text().count("make ") >= len({"check", "test"})
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert oldest in workflow["jobs"]["checks"]["strategy"]["matrix"]["python"]


def test_hooks_call_programs_that_the_requirements_bring():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    pinned = "".join((ROOT / "requirements" / f"{name}.txt").read_text() for name in ("runtime", "test"))
    packages = {"ruff": "ruff==", "lint-imports": "import-linter==", "python": "django=="}
    for hook in hooks:
        if hook["language"] == "system":
            program = Path(hook["entry"].split()[0])
            assert program.parent == Path(".venv/bin"), hook["id"]
            assert packages[program.name] in pinned, hook["id"]
