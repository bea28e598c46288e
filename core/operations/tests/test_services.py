"""Runs: what staff may do with them in each state, and how they are worked on."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.accounts.models import User
from core.accounts.tests.factories import make_user
from core.errors import Invalid
from core.operations import services
from core.operations.errors import NothingToRetry, RunStateConflict
from core.operations.models import Run, RunFile, RunFileChunk
from core.operations.services.working import (
    Lease,
    LeaseLost,
    RecordedFailure,
    claim_run,
    do_next_batch,
    prepared_operation,
    release_lease,
    renew_lease,
    take_due_runs,
)
from core.operations.tests.factories import Reader, Touch, make_people, make_run, registered, touched

pytestmark = pytest.mark.django_db
ACTIONS = {
    "start": services.start_run,
    "pause": services.pause_run,
    "resume": services.resume_run,
    "cancel": services.cancel_run,
    "retry": services.retry_failed_rows,
}
# What each action makes of each state; None: refused, and nothing changes.
GRAPH = {
    "created": {"start": "queued", "pause": None, "resume": None, "cancel": "canceled", "retry": None},
    "queued": {"start": "queued", "pause": "paused", "resume": "queued", "cancel": "canceled", "retry": None},
    "running": {"start": "running", "pause": "paused", "resume": "running", "cancel": "canceled", "retry": None},
    "paused": {"start": None, "pause": "paused", "resume": "queued", "cancel": "canceled", "retry": None},
    "finished": {"start": None, "pause": None, "resume": None, "cancel": None, "retry": None},
    "canceled": {"start": None, "pause": None, "resume": None, "cancel": "canceled", "retry": None},
    "failed": {"start": None, "pause": None, "resume": "queued", "cancel": "canceled", "retry": None},
}


@pytest.fixture(autouse=True)
def touch():
    with registered(Touch):
        yield


def work(run: Run, *, batches: int = 100) -> Lease | None:
    """Claim the run and do so many batches; answers the lease while there is more to do."""
    lease = claim_run(run_id=run.pk, worker="tests:1")
    operation = prepared_operation(lease=lease)
    for _ in range(batches):
        if not do_next_batch(lease=lease, operation=operation):
            lease = None
            break
    run.refresh_from_db()
    return lease


@pytest.mark.parametrize(("state", "action"), [(state, action) for state in GRAPH for action in ACTIONS])
def test_each_action_in_each_state(state, action):
    run = make_run(is_started=False)
    Run.objects.filter(pk=run.pk).update(state=state, due_at=timezone.now())
    before = Run.objects.values().get()
    user = make_user(is_staff=True)
    if GRAPH[state][action] is None:
        with pytest.raises((RunStateConflict, NothingToRetry)):
            ACTIONS[action](run_id=run.pk, user_id=user.pk)
        assert Run.objects.values().get() == before
        return
    after = ACTIONS[action](run_id=run.pk, user_id=user.pk)
    again = ACTIONS[action](run_id=run.pk, user_id=user.pk)
    assert after.state == again.state == GRAPH[state][action]
    notes = [(event.kind, event.actor_id) for event in run.events.all()]
    changed = after.state != state
    assert len(notes) == 1 + changed
    assert not changed or notes[1][1] == user.pk


def test_a_run_does_each_row_once_and_tells_what_it_did():
    make_people(7)
    run = make_run(rows=7)
    assert work(run) is None
    assert touched() == ["x"] * 7
    assert (run.state, run.total, run.processed, run.failed, run.percent) == ("finished", 7, 7, 0, 100)
    assert run.counts == {"touched": 7}
    assert run.sample_changes[0] == {"row": "1", "field": "first_name", "before": "", "after": "x"}
    assert [(step.number, step.cursor, step.rows) for step in run.steps.order_by("number")] == [
        (1, "", 0), (2, "3", 3), (3, "6", 3), (4, "7", 1), (5, "7", 0),
    ]  # fmt: skip
    assert [event.kind for event in run.events.all()] == ["created", "started", "finished"]
    assert claim_run(run_id=run.pk, worker="tests:2") is None


def test_a_dry_run_tells_the_same_and_changes_nothing():
    make_people(7, p5="refuses")
    with connection.cursor() as cursor:
        cursor.execute("SELECT md5(string_agg(u::text, ',' ORDER BY id)) FROM accounts_user u")
        before = cursor.fetchone()
    run = make_run(rows=7, dry_run=True, refused="2")
    work(run)
    assert (run.state, run.processed, run.failed, run.counts) == ("finished", 7, 2, {"touched": 5})
    assert len(run.sample_changes) == 6
    with connection.cursor() as cursor:
        cursor.execute("SELECT md5(string_agg(u::text, ',' ORDER BY id)) FROM accounts_user u")
        assert cursor.fetchone() == before


def test_a_row_that_refuses_fails_alone():
    make_people(7, p2="refuses", p7="refuses")
    run = make_run(rows=7, refused="5")
    work(run)
    assert touched() == ["x", "", "x", "x", "x", "x", ""]
    assert (run.processed, run.failed, run.counts) == (7, 3, {"touched": 4})
    failures = [(failure.key, failure.code, failure.message) for failure in run.failures.order_by("pk")]
    assert failures == [
        ("2", "unwilling", "It does not want to."),
        ("5", "shy", "It is shy."),
        ("7", "unwilling", "It does not want to."),
    ]
    assert list(services.failed_rows(run=run))[:3] == [
        ["email", "reason", "message"],
        ["", "unwilling", "It does not want to."],
        ["=touch-5@example.com", "shy", "It is shy."],
    ]


def test_failed_rows_are_tried_again():
    make_people(4, p2="refuses", p3="refuses", p4="refuses")
    run = make_run(rows=4)
    work(run)
    assert (run.failed, run.counts) == (3, {"touched": 1})
    User.objects.filter(email="touch-2@example.com").update(last_name="")
    User.objects.filter(email="touch-4@example.com").delete()
    services.retry_failed_rows(run_id=run.pk)
    assert services.retry_failed_rows(run_id=run.pk).state == "queued"
    work(run)
    assert (run.state, run.processed, run.failed, run.counts) == ("finished", 4, 2, {"touched": 2})
    assert touched() == ["x", "x", ""]
    assert [(f.key, f.code) for f in run.failures.order_by("pk")] == [("3", "unwilling"), ("4", "gone")]


def test_a_run_goes_on_where_it_was():
    make_people(7)
    run = make_run(rows=7)
    lease = work(run, batches=2)
    assert (run.state, run.cursor, run.processed, run.attempts) == ("running", "3", 3, 0)
    release_lease(lease=lease)
    work(run)
    assert touched() == ["x"] * 7
    assert run.state == "finished"


def test_whoever_was_overtaken_commits_nothing():
    make_people(7)
    run = make_run(rows=7)
    slow = work(run, batches=2)
    assert claim_run(run_id=run.pk, worker="tests:2") is None
    Run.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    fast = claim_run(run_id=run.pk, worker="tests:2")
    for overtaken in (renew_lease, lambda lease: do_next_batch(lease=lease, operation=prepared_operation(lease=lease))):
        with pytest.raises(LeaseLost):
            overtaken(lease=slow)
    release_lease(lease=slow)
    assert Run.objects.get().lease_until is not None
    assert touched() == ["x"] * 3 + [""] * 4
    while do_next_batch(lease=fast, operation=prepared_operation(lease=fast)):
        pass
    assert touched() == ["x"] * 7


def test_the_unique_step_stands_behind_the_lease(settings):
    make_people(7)
    run = make_run(rows=7)
    lease = work(run, batches=2)
    settings.DISABLED_GUARDS = frozenset({"run_lease"})
    Run.objects.update(batches=1, cursor="", processed=0)
    with pytest.raises(IntegrityError, match="run_batch_once"), transaction.atomic():
        do_next_batch(lease=lease, operation=prepared_operation(lease=lease))
    assert touched() == ["x"] * 3 + [""] * 4


@pytest.mark.parametrize(("action", "state"), [("pause", "paused"), ("cancel", "canceled")])
def test_a_paused_or_canceled_run_is_left_alone(action, state):
    make_people(7)
    run = make_run(rows=7)
    lease = work(run, batches=2)
    ACTIONS[action](run_id=run.pk)
    with RecordedFailure(lease):
        do_next_batch(lease=lease, operation=prepared_operation(lease=lease))
    run.refresh_from_db()
    assert (run.state, run.processed, run.last_error) == (state, 3, "")
    assert take_due_runs() == []


def test_one_message_of_several_is_claimed():
    run = make_run()
    [(run_id, token)] = take_due_runs()
    assert run_id == str(run.pk)
    assert take_due_runs() == []
    assert claim_run(run_id=run_id, token_seen=token, worker="a") is not None
    assert claim_run(run_id=run_id, token_seen=token, worker="b") is None


def test_a_clock_that_was_set_back_holds_up_no_run():
    queued, held = make_run(), make_run()
    ahead = timezone.now() + timedelta(hours=1)
    Run.objects.filter(pk=queued.pk).update(due_at=ahead)
    Run.objects.filter(pk=held.pk).update(due_at=ahead, lease_until=ahead, state="running", token=7, worker="a")
    [(first, token)] = take_due_runs()
    assert claim_run(run_id=first, token_seen=token, worker="b") is not None
    assert take_due_runs() == []
    Run.objects.filter(pk=first).update(state="finished", lease_until=None, due_at=None)
    [(second, token)] = take_due_runs()
    assert {first, second} == {str(queued.pk), str(held.pk)}
    assert claim_run(run_id=second, token_seen=token, worker="b") is not None


def test_a_lease_of_a_clock_that_was_set_back_is_free_to_take():
    run, now = make_run(), timezone.now()
    Run.objects.update(lease_until=now + timedelta(seconds=5))
    assert claim_run(run_id=run.pk, worker="b") is None
    Run.objects.update(lease_until=now + timedelta(hours=1))
    assert claim_run(run_id=run.pk, worker="b") is not None


def test_runs_take_turns(settings):
    first, second = make_run(), make_run()
    assert [run_id for run_id, _ in take_due_runs()] == [str(first.pk)]
    lease = claim_run(run_id=first.pk, token_seen=0, worker="a")
    assert take_due_runs() == []
    release_lease(lease=lease)
    assert [run_id for run_id, _ in take_due_runs()] == [str(second.pk)]
    settings.RUNS_AT_ONCE = 2
    assert [run_id for run_id, _ in take_due_runs()] == [str(first.pk)]


def test_a_run_whose_worker_dies_is_sent_again_and_fails_in_the_end():
    make_run()
    for attempt in range(5):
        [(run_id, token)] = take_due_runs()
        assert (claim_run(run_id=run_id, token_seen=token, worker="a") is not None, attempt) == (True, attempt)
        assert take_due_runs() == []
        Run.objects.update(lease_until=timezone.now(), due_at=timezone.now())
    assert take_due_runs() == []
    run = Run.objects.get()
    assert (run.state, run.last_error) == ("failed", "Its worker died in every attempt.")
    assert services.resume_run(run_id=run.pk).attempts == 0


def test_batches_are_smaller_while_a_run_does_not_get_on():
    make_people(7)
    run = make_run(rows=7)
    work(run, batches=1)
    sizes = []
    for attempts in (1, 2, 3, 5):
        Run.objects.update(attempts=attempts - 1, lease_until=None)
        lease = work(run, batches=1)
        sizes.append(run.steps.order_by("number").last().rows)
        release_lease(lease=lease)
    assert sizes == [3, 1, 1, 1]


def test_a_bug_is_tried_again_and_then_told():
    make_people(7, p5="breaks")
    run = make_run(rows=7)
    waits = []
    while run.state != "failed" and len(waits) < 20:
        Run.objects.update(due_at=timezone.now())
        [(run_id, token)] = take_due_runs()
        lease = claim_run(run_id=run_id, token_seen=token, worker="a")
        with time_machine.travel(timezone.now(), tick=False):
            with RecordedFailure(lease):
                while do_next_batch(lease=lease, operation=prepared_operation(lease=lease)):
                    pass
            run.refresh_from_db()
            waits.append(run.due_at and (run.due_at - timezone.now()).total_seconds())
    # Attempts that got on do not count; smaller batches got as far as the row that breaks.
    assert waits[-5:] == [2, 5, 15, 45, None]
    assert run.state == "failed"
    assert touched() == ["x"] * 4 + [""] * 3
    assert run.last_error == "It was interrupted by RuntimeError; see the log."


def test_parameters_that_mean_nothing_any_more_fail_at_once():
    run = make_run()
    Run.objects.update(params={"rows": "many"})
    lease = claim_run(run_id=run.pk, worker="a")
    with RecordedFailure(lease):
        prepared_operation(lease=lease)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "cannot be used any more" in run.last_error


@pytest.mark.parametrize(
    ("params", "errors"),
    [
        ({}, [("params.rows", "required")]),
        ({"rows": "many"}, [("params.rows", "invalid")]),
        ({"rows": 5, "speed": 3}, [("params.speed", "unknown")]),
        ({"rows": -1, "color": "green"}, [("params.rows", "min_value"), ("params.color", "invalid_choice")]),
    ],
)
def test_parameters_are_judged_by_the_operations_form(params, errors):
    with pytest.raises(Invalid) as refusal:
        services.create_run(operation=Touch, params=params)
    assert [(error.field, error.code) for error in refusal.value.errors] == errors
    assert not Run.objects.exists()


def test_a_file_is_kept_in_pieces_and_read_as_it_was():
    content = b"rows" + bytes(range(256)) * 10_000
    file = services.store_file(operation=Reader, name="C:\\dir\\a\x00b.csv", stream=io.BytesIO(content), user_id=None)
    assert (file.name, file.size, file.chunks.count()) == ("ab.csv", len(content), 3)
    assert services.open_file(file).read() == content


@pytest.mark.parametrize("content", [b"", b"text", b"rows" + b"x" * 5000])
def test_a_file_that_cannot_be_used_is_not_kept(content, settings):
    settings.OPERATION_FILE_MAX_BYTES = 5000
    with pytest.raises(Invalid):
        services.store_file(operation=Reader, name="f", stream=io.BytesIO(content), user_id=None)
    assert not RunFile.objects.exists()
    assert not RunFileChunk.objects.exists()


def test_a_run_needs_a_file_of_its_own_operation():
    file = services.store_file(operation=Reader, name="f", stream=io.BytesIO(b"rows"), user_id=None)
    run = services.create_run(operation=Reader, params={"rows": 1, "file": str(file.pk)})
    assert run.file == file
    RunFile.objects.update(operation="other")
    for named in (str(file.pk), "nonsense", "", None, 5):
        with pytest.raises(Invalid) as refusal:
            services.create_run(operation=Reader, params={"rows": 1, "file": named})
        assert [error.field for error in refusal.value.errors] == ["params.file"]
    with pytest.raises(Invalid):
        services.store_file(operation=Touch, name="f", stream=io.BytesIO(b"rows"), user_id=None)


def test_a_batch_costs_the_same_however_many_rows(count_statements):
    make_people(7)
    run = make_run(rows=7)
    lease = work(run, batches=1)
    operation = prepared_operation(lease=lease)
    costs = []
    for _ in range(3):
        with count_statements() as statements:
            do_next_batch(lease=lease, operation=operation)
        costs.append(len([sql for sql in statements if "accounts_user" not in sql]))
    assert costs == [3, 3, 3]


def test_files_and_steps_that_nobody_needs_are_pruned():
    def stored(**ages: int) -> RunFile:
        file = services.store_file(operation=Reader, name="f", stream=io.BytesIO(b"rows"), user_id=None)
        RunFile.objects.filter(pk=file.pk).update(created_at=timezone.now() - timedelta(**ages))
        return file

    def used(file: RunFile, state: str, **ages: int) -> Run:
        run = services.create_run(operation=Reader, params={"rows": 1, "file": str(file.pk)})
        moment = timezone.now() - timedelta(**ages)
        Run.objects.filter(pk=run.pk).update(state=state, created_at=moment, finished_at=moment, due_at=moment)
        run.steps.create(number=1, rows=0, failed=0)
        run.failures.create(code="bad", message="")
        return run

    kept = {stored(hours=23)}
    stored(hours=25)
    used(stored(days=40), "finished", days=31)
    for state, days in (("finished", 29), ("paused", 31), ("queued", 31)):
        file = stored(days=40)
        used(file, state, days=days)
        kept.add(file)
    assert services.prune_files(limit=1) == 1
    assert services.prune_files(limit=10) == 1
    assert set(RunFile.objects.all()) == kept
    assert (services.prune_batches(limit=10), services.prune_failures(limit=10)) == (1, 1)
    assert Run.objects.count() == 4
