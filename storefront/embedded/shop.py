"""`make run`: the whole shop under one supervisor."""

import http.client
import os
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from storefront.embedded import DEFAULT_ADMIN, folders, postgres, valkey
from storefront.embedded.commands import ROOT, data_folder, loadtest_token, write_environment
from storefront.embedded.console import Console
from storefront.embedded.processes import CannotStart, Program, end_orphans
from storefront.embedded.supervisor import StopRequested, Supervisor

DATABASE = "storefront"
MAIL_PORT = 1025
STOP_ORDER = (("web", "worker", "beat"), ("mail",), ("valkey",), ("postgres",))
PATIENCE_SECONDS = 60
PROBE_SECONDS = 0.2


def run_shop(environment: Mapping[str, str], *, does_reload: bool = False) -> int:
    """Start everything, say where it is, and keep it running until a signal; answers the exit code."""
    console = Console()
    began = time.monotonic()
    data = data_folder(environment)
    host = environment.get("HOST") or "127.0.0.1"
    port = _port_number(environment.get("PORT") or "8000")
    lock = folders.lock_data(data)
    try:
        orphans = end_orphans(str(data))
        if orphans:
            console.say(f"Ended what a killed start had left: {', '.join(orphans)}.")
        check_port(host, port)
        with Supervisor(console, instance=str(data)) as supervisor:
            try:
                environment = start_servers(supervisor, environment, data=data, port=port)
                environment["LOADTEST_TOKEN"] = loadtest_token(data, environment)
                write_environment(data, environment)
                start_shop(supervisor, environment, host=host, port=port, does_reload=does_reload)
                console.say(banner(environment, data=data, port=port, seconds=time.monotonic() - began))
                supervisor.loop(until=lambda: False)
            except StopRequested:
                console.say("Stopping.")
                return 0
            finally:
                supervisor.stop(STOP_ORDER)
                folders.remove_sockets(data)
                console.say("Everything has stopped; the data is kept.")
    finally:
        os.close(lock)


def start_servers(supervisor: Supervisor, given: Mapping[str, str], *, data: Path, port: int) -> dict[str, str]:
    """Start what no URL was given for; answers the environment of the shop's processes."""
    environment = dict(given)
    environment["DATA_DIR"] = str(data)
    environment["PYTHONUNBUFFERED"] = "1"
    environment.setdefault("DJANGO_SETTINGS_MODULE", "storefront.settings.development")
    environment.setdefault("SHOP_URL", f"http://localhost:{port}")
    needs_postgres, needs_valkey = not given.get("DATABASE_URL"), not given.get("REDIS_URL")
    if needs_postgres or needs_valkey:
        places = folders.prepare(data)
    if needs_postgres:
        postgres.prepare(places)
        supervisor.start(postgres.program(places))
        _await(supervisor, "PostgreSQL", lambda: postgres.accepts_connections(places))
        postgres.ensure_database(places, DATABASE)
        environment["DATABASE_URL"] = postgres.url(places, DATABASE)
    if needs_valkey:
        valkey.prepare(places)
        supervisor.start(valkey.program(places))
        _await(supervisor, "Valkey", lambda: valkey.accepts_connections(places))
        environment["REDIS_URL"] = valkey.url(places)
        # The cache may be emptied at any time; the queues are another database.
        environment.setdefault("CACHE_URL", valkey.url(places, 1))
    if not given.get("EMAIL_HOST"):
        mail_port = MAIL_PORT if is_free("127.0.0.1", MAIL_PORT) else _free_port()
        environment |= {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mail_port)}
        sink = ["storefront.embedded.mail_sink", "--folder", str(data / "mail"), "--port", str(mail_port)]
        supervisor.start(_python("mail", sink, environment))
    return environment


def start_shop(
    supervisor: Supervisor, environment: Mapping[str, str], *, host: str, port: int, does_reload: bool
) -> None:
    """Prepare the database, then start web, worker and beat and wait for them."""
    if supervisor.run(_python("prepare", ["storefront.embedded.prepare"], environment)):
        raise CannotStart("the database could not be prepared; the lines above say why")
    web = _web_command(host, port, does_reload=does_reload)
    celery = ["celery", "--quiet", "-A", "storefront.celery"]
    supervisor.start(_python("web", web, environment))
    supervisor.start(
        _python(
            "worker",
            [*celery, "worker", "--concurrency", "2", "--without-mingle", "--without-gossip", "--loglevel", "INFO"],
            environment,
            "ready.",
        )
    )
    supervisor.start(replace(_python("beat", [*celery, "beat"], environment, "beat is ready"), stop_seconds=5))
    _await(supervisor, "the web server", lambda: _is_healthy(host, port))
    for name in ("worker", "beat"):
        _await(supervisor, f"the {name}", lambda child=supervisor.children[name]: child.is_ready)


def _web_command(host: str, port: int, *, does_reload: bool) -> list[str]:
    """Granian as in production, or Django's own server, which starts anew when code changes."""
    if does_reload:
        return ["django", "runserver", f"{host}:{port}"]
    return [
        "granian",
        *("--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers", "--respawn-interval", "0.5"),
        *("--workers-kill-timeout", "10", "storefront.wsgi:application"),
    ]


def banner(environment: Mapping[str, str], *, data: Path, port: int, seconds: float) -> str:
    """Where everything is and how to log in."""
    shop = f"http://localhost:{port}"
    password_file = data / "admin-password"
    email = environment.get("DJANGO_SUPERUSER_EMAIL") or DEFAULT_ADMIN
    if environment.get("DJANGO_SUPERUSER_PASSWORD"):
        login = f"{email}, with DJANGO_SUPERUSER_PASSWORD"
    elif password_file.exists():
        login = f"{email}, password {password_file.read_text().strip()}"
    else:
        login = "with your own superuser (manage.py createsuperuser makes one)"
    mail = f"{data / 'mail'}" if environment.get("EMAIL_HOST") == "127.0.0.1" else environment["EMAIL_HOST"]
    rule = "-" * 72
    return "\n".join(
        [
            rule,
            f"ready after {seconds:.1f} s",
            f"  API      {shop}/api/v1/products/",
            f"  Swagger  {shop}/swagger/",
            f"  Admin    {shop}/admin/",
            f"           {login}",
            f"  Health   {shop}/health/ready/",
            f"  Mails    {mail}",
            "Ctrl-C stops everything.",
            rule,
        ]
    )


def check_port(host: str, port: int) -> None:
    """Raises CannotStart when the port is taken. Granian shares ports, so it would not notice itself."""
    if not is_free(host, port):
        raise CannotStart(f"port {port} is taken by another program; choose another: make run PORT={port + 1}")


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens on the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise CannotStart(f"port {port} may not be used by this user; choose one above 1023") from error
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _port_number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {text!r}")
    return int(text)


def _python(
    name: str, module_and_arguments: list[str], environment: Mapping[str, str], ready_text: str = ""
) -> Program:
    return Program(
        name=name,
        command=[sys.executable, "-m", *module_and_arguments],
        environment=environment,
        directory=str(ROOT),
        stop_seconds=15,
        ready_text=ready_text,
    )


def _await(supervisor: Supervisor, what: str, is_ready) -> None:
    """Run the loop until `is_ready()`; says after a minute what is still missing, and goes on."""
    began = asked = time.monotonic()
    is_reported = False

    def check() -> bool:
        nonlocal asked, is_reported
        now = time.monotonic()
        if now - asked < PROBE_SECONDS:
            return False
        asked = now
        if not is_reported and now - began > PATIENCE_SECONDS:
            is_reported = True
            supervisor.console.say(f"Still waiting for {what}; its lines above may say why.")
        return is_ready()

    supervisor.loop(until=check)


def _is_healthy(host: str, port: int) -> bool:
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(address, port, timeout=3)
    try:
        connection.request("GET", "/health/ready/", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
