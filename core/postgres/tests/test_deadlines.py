"""What a request does when PostgreSQL is slow, silent, or has changed under it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from django.db import NotSupportedError, OperationalError, connection, connections, transaction
from django.utils import timezone

from core.accounts.revocations import RevocationList
from core.api import health
from core.operations.models import Run
from core.operations.services import failed_rows
from core.postgres.availability import DatabaseAway, breaker_of
from core.postgres.deadlines import deadline

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def breaker(transactional_db):
    """The test database's breaker, closed before and after; the test's connection is not used again."""
    found = breaker_of("default")
    yield found
    assert found.wait_until_closed(60)
    connection.close()


@pytest.fixture
def short_deadline(settings, breaker):
    settings.DATABASE_DEADLINE_SECONDS = 0.3


def run(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def backend() -> int:
    return run("SELECT pg_backend_pid()")[0][0]


def seconds_of(work) -> tuple[float, Exception | None]:
    began, raised = time.monotonic(), None
    try:
        work()
    except OperationalError as error:
        raised = error
    return time.monotonic() - began, raised


def test_an_overdue_wait_ends_and_the_breaker_spares_the_next(settings, short_deadline, breaker, monkeypatch):
    monkeypatch.setattr("core.breaker.PROBE_INTERVAL_SECONDS", 5)  # not closed again while this looks
    with deadline():
        seconds, error = seconds_of(lambda: run("SELECT pg_sleep(20)"))
        assert isinstance(error.__cause__, DatabaseAway)
        assert 0.3 <= seconds < 10
        assert breaker.is_open
        connection.close_if_unusable_or_obsolete()  # what Django does after each request
        error = seconds_of(lambda: run("SELECT 1"))[1]
        assert str(error.__cause__) == "The database did not answer a moment ago."
    assert breaker.wait_until_closed(60)
    settings.DATABASE_DEADLINE_SECONDS = 60
    with deadline():
        assert run("SELECT 1") == [(1,)]


def test_an_overdue_transaction_ends_too_and_leaves_nothing(short_deadline, breaker):
    run("SELECT 1")
    with psycopg.connect(**{**connection.get_connection_params(), "autocommit": True}) as other:
        other.execute("CREATE TABLE deadline_probe (number int)")
        try:
            with deadline(), pytest.raises(OperationalError), transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO deadline_probe VALUES (1)")
                run("SELECT pg_sleep(2)")
            assert other.execute("SELECT count(*) FROM deadline_probe").fetchone() == (0,)
        finally:
            other.execute("DROP TABLE deadline_probe")


def test_work_outside_of_requests_may_take_its_time(short_deadline, breaker):
    run("SELECT pg_sleep(0.8)")
    assert not breaker.is_open


def test_many_short_waits_are_not_one_long_one(settings, breaker):
    settings.DATABASE_DEADLINE_SECONDS = 0.5
    for _ in range(10):  # a busy machine adds to a wait and never takes from it: until one round was calm
        connection.close()
        with suppress(OperationalError), deadline():
            for _ in range(5):
                run("SELECT pg_sleep(0.15)")
            break
        assert breaker.wait_until_closed(60)
    assert not breaker.is_open


@contextmanager
def locked(table: str) -> Iterator[None]:
    """Nobody may read the table meanwhile, nor learns why."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_stream_that_has_left_its_request_waits_no_longer(short_deadline, breaker):
    rows = failed_rows(run=Run.objects.create(operation="gone", created_at=timezone.now()))
    assert next(rows)[0] == "row"
    with locked("operations_runfailure"), pytest.raises(OperationalError):
        next(rows)


def test_what_reads_revocations_and_asks_for_health_waits_no_longer(short_deadline, breaker, monkeypatch):
    with locked("accounts_tokenrevocation"):
        RevocationList().read()
    assert breaker.wait_until_closed(60)
    monkeypatch.setattr(health, "QUESTION", "SELECT pg_sleep(600)")
    with pytest.raises(DatabaseAway):
        health.ask_database()


def test_a_living_server_ends_slow_statements_and_locks_by_itself(settings, breaker):
    # Far apart: the clock of a statement begins before that of its wait for a lock.
    settings.DATABASE_STATEMENT_SECONDS, settings.DATABASE_LOCK_SECONDS = 1, 0.1
    connection.close()
    with psycopg.connect(**{**connection.get_connection_params(), "autocommit": False}) as other, deadline():
        mine = backend()
        other.execute("SELECT pg_advisory_xact_lock(24)")
        errors = [
            seconds_of(lambda: run("SELECT pg_advisory_xact_lock(24)"))[1],
            seconds_of(lambda: run("SELECT pg_sleep(5)"))[1],
        ]
        assert [type(error.__cause__) for error in errors] == [
            psycopg.errors.LockNotAvailable,
            psycopg.errors.QueryCanceled,
        ]
        assert backend() == mine
    assert not breaker.is_open
    connection.close()


def test_behind_a_pooler_the_role_carries_the_timeouts(settings):
    with deadline():
        assert "statement_timeout=3000" in connection.get_connection_params()["options"]
        settings.DATABASE_SENDS_TIMEOUTS = False
        assert "options" not in connection.get_connection_params()


def test_a_connection_that_the_server_ended_is_replaced_before_its_next_request(breaker):
    with deadline():
        ended = backend()
    parameters = {**connection.get_connection_params(), "autocommit": True}
    with psycopg.connect(**parameters) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
    connection.close_if_unusable_or_obsolete()  # what Django does at the beginning of each request
    with deadline():
        assert backend() != ended


def test_a_connection_with_an_outdated_plan_is_replaced(breaker):
    with psycopg.connect(**{**connection.get_connection_params(), "autocommit": True}) as other:
        other.execute("CREATE TABLE plan_probe (number int)")
        try:
            for _ in range(7):  # prepared at the fifth
                run("SELECT number FROM plan_probe")
            stale = backend()
            other.execute("ALTER TABLE plan_probe ALTER number TYPE bigint")
            with pytest.raises(NotSupportedError):
                run("SELECT number FROM plan_probe")
            connection.close_if_unusable_or_obsolete()  # what Django and Celery do after each piece of work
            assert run("SELECT number FROM plan_probe") == []
            assert backend() != stale
        finally:
            other.execute("DROP TABLE plan_probe")


def test_a_host_of_many_silent_addresses_is_not_waited_for_address_by_address(settings, breaker, silent_port):
    settings.DATABASE_DEADLINE_SECONDS = 3
    parameters = connection.get_connection_params()
    parameters |= {"host": ",".join(["127.0.0.1"] * 4), "port": ",".join([str(silent_port)] * 4)}
    with deadline(), pytest.raises(psycopg.OperationalError) as refused:
        connection.get_new_connection(parameters)
    assert str(refused.value).count("timeout expired") == 1
    assert str(refused.value).count("no time is left") >= 3


def test_the_api_answers_503_within_the_deadline(settings, short_deadline, breaker, api_client, monkeypatch):
    monkeypatch.setattr("core.breaker.PROBE_INTERVAL_SECONDS", 600)  # not closed again while this asks
    waited, trip = [], breaker.trip
    monkeypatch.setattr(breaker, "trip", lambda error: (waited.append(error), trip(error)))
    blocker = psycopg.connect(**connection.get_connection_params())
    try:
        blocker.execute("LOCK TABLE catalog_category IN ACCESS EXCLUSIVE MODE")
        answers = [api_client.get("/api/v1/categories/") for _ in range(20)]
        assert len(waited) == 1
    finally:
        blocker.close()
    assert {(answer.status_code, answer["Retry-After"]) for answer in answers} == {(503, "2")}
    assert {answer.json()["code"] for answer in answers} == {"unavailable"}
    breaker.stop()
    settings.DATABASE_DEADLINE_SECONDS = 60
    connection.close_if_unusable_or_obsolete()  # the test client leaves out what Django does before each request
    assert api_client.get("/api/v1/categories/").status_code == 200


def test_pages_answer_503_too(short_deadline, breaker, client):
    blocker = psycopg.connect(**connection.get_connection_params())
    try:
        blocker.execute("LOCK TABLE accounts_user IN ACCESS EXCLUSIVE MODE")
        answer = client.post("/admin/login/", {"username": "somebody@shop.example", "password": "something"})
    finally:
        blocker.close()
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")


def test_one_thread_watches_all_connections(breaker):
    def ask() -> None:
        with deadline():
            run("SELECT 1")
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [thread.name for thread in threading.enumerate()].count("database-watchdog") == 1
