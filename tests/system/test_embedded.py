"""What the supervisor and the embedded servers do when something stands in the way."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from storefront.embedded import folders, postgres, valkey
from storefront.embedded.processes import identity_of, spawn, stop, wait_until
from tests.running import ROOT, WAIT_SECONDS, free_port

pytestmark = pytest.mark.system


@pytest.fixture
def data(reachable_folder):
    """An empty data folder."""
    folder = Path(tempfile.mkdtemp(dir=reachable_folder))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def places(data):
    """The folders of a locked instance without its servers."""
    lock = folders.lock_data(data)
    made = folders.prepare(data)
    yield made
    os.close(lock)
    folders.remove_sockets(data)
    shutil.rmtree(made.servers)


def supervisor(data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "storefront.embedded", "run"],
        cwd=ROOT,
        env=kept | {"DATA_DIR": str(data), "PORT": str(free_port())} | variables,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )


def test_taken_port_is_named_in_one_line(data):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = supervisor(data, PORT=str(port))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Cannot start: port {port} is taken by another program; choose another: make run PORT={port + 1}.\n"
    )
    assert not (data / "servers").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_impossible_port_is_refused(data, port):
    done = supervisor(data, PORT=port)

    assert (done.returncode, done.stderr) == (
        1,
        f"Cannot start: PORT must be a number from 1 to 65535, not {port!r}.\n",
    )


def test_folder_of_a_running_shop_is_refused_with_its_process_id(data):
    lock = folders.lock_data(data)
    try:
        done = supervisor(data)
    finally:
        os.close(lock)

    assert done.returncode == 1
    assert done.stderr == (
        f"Cannot start: the data folder {data} is in use by the running shop with process id {os.getpid()}.\n"
    )


def test_folder_that_stands_in_the_way_is_named(data):
    (data / "file").write_text("")

    done = supervisor(data, DATA_DIR=str(data / "file"))

    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert str(data / "file") in done.stderr


def test_unreachable_database_is_one_line(data):
    done = supervisor(
        data,
        DATABASE_URL=f"postgres://postgres@127.0.0.1:{free_port()}/shop",
        REDIS_URL=f"redis://127.0.0.1:{free_port()}/0",
    )

    assert done.returncode == 1
    assert "prepare  | The database of DATABASE_URL does not answer: connection" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_stale_pid_of_a_living_process_is_cleared(places, capsys):
    postgres.prepare(places)
    stranger = subprocess.Popen(["sleep", "60"], **identity_of(places.user))
    try:
        pid_file = places.servers / "postgres-18" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{places.servers / 'postgres-18'}\n")

        postgres.prepare(places)

        assert f"process {stranger.pid} is 'sleep', not this PostgreSQL" in capsys.readouterr().out
        assert not pid_file.exists()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_server_left_by_a_killed_start_is_ended_and_its_data_kept(places):
    postgres.prepare(places)
    program = postgres.program(places)
    left = spawn(program, output=subprocess.DEVNULL)
    wait_until(lambda: postgres.accepts_connections(places), seconds=WAIT_SECONDS, what="PostgreSQL")
    postgres.ensure_database(places, "kept")

    postgres.prepare(places)

    left.wait(timeout=WAIT_SECONDS)
    again = spawn(program, output=subprocess.DEVNULL)
    try:
        wait_until(lambda: postgres.accepts_connections(places), seconds=WAIT_SECONDS, what="PostgreSQL")
        with postgres.psycopg.connect(postgres.url(places, "kept")) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == ("kept",)
    finally:
        stop(again, program)


def test_servers_speak_over_private_sockets_alone(places):
    valkey.prepare(places)
    program = valkey.program(places)
    process = spawn(program, output=subprocess.DEVNULL)
    try:
        wait_until(lambda: valkey.accepts_connections(places), seconds=WAIT_SECONDS, what="Valkey")
        with valkey.redis.Redis.from_url(valkey.url(places)) as client:
            settings = client.config_get("port", "maxmemory-policy", "appendonly")
        assert settings == {"port": "0", "maxmemory-policy": "noeviction", "appendonly": "yes"}
        assert places.sockets.stat().st_mode & 0o777 == 0o700
    finally:
        stop(process, program)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as another user")
def test_root_keeps_the_servers_where_their_user_can_enter(data, reachable_folder, monkeypatch):
    monkeypatch.setattr(folders, "ROOT_SERVERS", reachable_folder / "elsewhere")
    data.chmod(0o700)
    lock = folders.lock_data(data)
    try:
        made = folders.prepare(data)
        again = folders.prepare(data)
    finally:
        os.close(lock)
        folders.remove_sockets(data)

    assert made.servers.parent == reachable_folder / "elsewhere"
    assert (made.servers.owner(), again.servers) == ("nobody", made.servers)
    assert folders.servers_elsewhere(data) == made.servers
    assert not (data / "servers").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as another user")
def test_root_copies_programs_that_their_user_cannot_reach(reachable_folder, monkeypatch):
    monkeypatch.setattr(folders, "ROOT_SERVERS", reachable_folder / "programs")
    monkeypatch.setattr(folders, "_succeeds_as", lambda user, command: False)

    postgres_bin, valkey_server = folders._programs("nobody")

    for program in (postgres_bin / "postgres", postgres_bin / "initdb", valkey_server):
        assert reachable_folder in program.parents
        done = subprocess.run(
            [program, "--version"], **identity_of("nobody"), cwd="/", capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")


def test_command_with_servers_of_its_own_leaves_nothing(tmp_path):
    script = """
import os, pathlib, psycopg, redis, sys
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    version = connection.execute("SHOW server_version_num").fetchone()[0]
assert int(version) >= 180000 and redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
print(os.environ["REDIS_URL"])
sys.exit(7)
"""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "storefront.embedded", "with-servers", "--", sys.executable, "-c", script],
        cwd=ROOT,
        env=kept | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )

    assert (done.returncode, done.stderr) == (7, "")
    sockets = Path(urlsplit(done.stdout.strip()).path).parent
    assert sockets.name.startswith("sf-") and not sockets.exists()
    assert list(tmp_path.iterdir()) == []


def test_servers_that_are_given_are_not_started(tmp_path):
    given = {"DATABASE_URL": "postgres://given/", "REDIS_URL": "redis://given", "TMPDIR": str(tmp_path)}
    script = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
    done = subprocess.run(
        [sys.executable, "-m", "storefront.embedded", "with-servers", "--", sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | given,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "postgres://given/ redis://given\n")
    assert list(tmp_path.iterdir()) == []


def test_data_is_removed_only_from_a_stopped_shop(data):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    command = [sys.executable, "-m", "storefront.embedded", "remove-data"]
    (data / "mail").mkdir()
    lock = folders.lock_data(data)
    refused = subprocess.run(
        command, cwd=ROOT, env=kept | {"DATA_DIR": str(data)}, capture_output=True, text=True, check=False
    )
    assert (refused.returncode, (data / "mail").exists()) == (1, True)
    os.close(lock)

    done = subprocess.run(
        command, cwd=ROOT, env=kept | {"DATA_DIR": str(data)}, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, data.exists()) == (0, f"Removed {data}.\n", False)
