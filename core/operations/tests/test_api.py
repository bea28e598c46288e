"""Operations and runs over HTTP: who may, what is answered, what is refused."""

import uuid

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile

from core.accounts.models import User
from core.accounts.tests.factories import make_staff, make_user
from core.operations.models import Run, RunFile
from core.operations.services.working import claim_run, do_next_batch, prepared_operation
from core.operations.tests.factories import Reader, Touch, make_people, make_run, registered, touched

pytestmark = pytest.mark.django_db
OPERATIONS, RUNS = "/api/v1/operations/", "/api/v1/runs/"


@pytest.fixture(autouse=True)
def operations():
    with registered(Touch, Reader):
        yield


@pytest.fixture
def staff(client_of):
    return client_of(make_staff())


def clerk_with(*codenames: str) -> User:
    clerk = make_user(is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return clerk


def work(run_id: str) -> None:
    lease = claim_run(run_id=run_id, worker="tests:1")
    while do_next_batch(lease=lease, operation=prepared_operation(lease=lease)):
        pass


def test_operations_come_with_their_parameters(client_of):
    answer = client_of(clerk_with("change_user")).get(OPERATIONS).json()
    [touch] = answer["results"]
    assert (touch["name"], touch["title"]) == ("touch", "Touch users")
    kinds = {parameter["name"]: (parameter["kind"], parameter["required"]) for parameter in touch["parameters"]}
    assert kinds == {
        "rows": ("integer", True),
        "refused": ("text", False),
        "broken": ("text", False),
        "is_fast": ("boolean", False),
        "color": ("choice", False),
    }
    assert touch["parameters"][-1]["choices"] == ["red", "blue"]
    both = client_of(clerk_with("change_user", "add_user")).get(OPERATIONS).json()["results"]
    assert [operation["name"] for operation in both] == ["read", "touch"]
    assert both[0]["parameters"][0] == {
        "name": "file",
        "label": "File",
        "kind": "file",
        "required": True,
        "help": "The id of an uploaded file.",
        "choices": [],
    }


def test_from_the_parameters_to_the_failed_rows(staff):
    make_people(7)
    body = {"params": {"rows": 7, "refused": "2"}, "reason": "spring"}
    made = staff.post(f"{OPERATIONS}touch/runs/", body)
    assert made.status_code == 201
    run = made.json()
    assert (run["state"], run["dry_run"], run["total"], run["rate"], run["eta_seconds"]) == (
        "created", False, None, None, None,
    )  # fmt: skip
    assert (run["reason"], run["started_by"]) == ("spring", User.objects.get(is_superuser=True).email)
    address = f"{RUNS}{run['id']}/"
    assert staff.post(f"{address}start/").json()["state"] == "queued"
    assert staff.post(f"{address}pause/").json()["state"] == "paused"
    assert staff.post(f"{address}resume/").json()["state"] == "queued"
    work(run["id"])
    done = staff.get(address).json()
    assert (done["state"], done["processed"], done["total"], done["failed"]) == ("finished", 7, 7, 1)
    assert (done["percent"], done["eta_seconds"], done["counts"]) == (100, 0, {"touched": 6})
    assert done["rate"] > 0
    assert done["sample_changes"][0] == {"row": "1", "field": "first_name", "before": "", "after": "x"}
    assert [row["id"] for row in staff.get(RUNS, {"state": "finished"}).json()["results"]] == [run["id"]]
    assert staff.get(RUNS, {"dry_run": "true"}).json()["count"] == 0
    csv = staff.get(f"{address}failed-rows.csv")
    assert csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert csv.headers["Content-Disposition"] == f'attachment; filename="failed-rows-{run["id"]}.csv"'
    content = b"".join(csv.streaming_content)
    assert content == b"email,reason,message\r\n'=touch-2@example.com,shy,It is shy.\r\n"
    assert staff.post(f"{address}retry-failed/").json()["state"] == "queued"
    work(run["id"])
    assert staff.get(address).json()["failed"] == 1
    assert touched()[:3] == ["x", "xx", "x"]


def test_what_does_not_fit_the_state_is_a_conflict(staff):
    run = make_run()
    staff.post(f"{RUNS}{run.pk}/cancel/")
    answer = staff.post(f"{RUNS}{run.pk}/start/")
    assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (409, "run_state", "canceled")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"params": {"rows": "many"}}, "params.rows"),
        ({"params": {"rows": 1, "speed": 2}}, "params.speed"),
        ({"params": {"rows": [1]}}, "params.rows"),
        ({"params": {"rows": {"a": 1}}}, "params.rows"),
        ({"params": [1]}, "params"),
        ({"params": {}}, "params.rows"),
        ({}, "params.rows"),
        ({"params": {"rows": 1}, "dry_run": "perhaps"}, "dry_run"),
        ({"params": {"rows": 1}, "reason": "x" * 256}, "reason"),
    ],
)
def test_bad_parameters_are_named(staff, body, field):
    answer = staff.post(f"{OPERATIONS}touch/runs/", body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Run.objects.exists()


def test_who_and_state_cannot_be_given(staff):
    other = make_user()
    extra = {"started_by": other.pk, "state": "finished", "processed": 9, "operation": "read", "worker": "me"}
    run = staff.post(f"{OPERATIONS}touch/runs/", {"params": {"rows": 1}, **extra}).json()
    assert (run["operation"], run["state"], run["processed"]) == ("touch", "created", 0)
    assert run["started_by"] != other.email


def test_a_file_is_uploaded_and_named(staff):
    upload = SimpleUploadedFile("../../etc/rows.csv", b"rows and rows")
    answer = staff.post(f"{OPERATIONS}read/files/", {"file": upload}, format="multipart")
    assert answer.status_code == 201
    file = answer.json()
    assert (file["name"], file["size"]) == ("rows.csv", 13)
    run = staff.post(f"{OPERATIONS}read/runs/", {"params": {"rows": 1, "file": file["id"]}}).json()
    assert (run["file"]["id"], run["params"]["rows"]) == (file["id"], 1)


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("read", b"other", 400, "invalid"),
        ("touch", b"rows", 400, "invalid"),
        ("nothing", b"rows", 404, "operation_not_found"),
        ("read", b"rows" * 50_000, 413, "payload_too_large"),
    ],
)
def test_a_bad_upload_is_refused_and_not_kept(staff, settings, name, content, status, code):
    settings.OPERATION_FILE_MAX_BYTES = 100_000
    upload = SimpleUploadedFile("rows.csv", content)
    answer = staff.post(f"{OPERATIONS}{name}/files/", {"file": upload}, format="multipart")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not RunFile.objects.exists()


def test_each_sees_the_runs_of_the_operations_that_he_may_run(client_of):
    run = make_run()
    reader = client_of(clerk_with("add_user"))
    assert reader.get(RUNS).json()["results"] == []
    assert reader.post(f"{OPERATIONS}touch/runs/", {"params": {"rows": 1}}).status_code == 404
    paths = ["", "failed-rows.csv", *(f"{verb}/" for verb in ("start", "pause", "resume", "cancel", "retry-failed"))]
    for path in paths:
        call = reader.get if path in {"", "failed-rows.csv"} else reader.post
        answer = call(f"{RUNS}{run.pk}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")
        assert call(f"{RUNS}{uuid.uuid4()}/{path}").json() == answer.json()
    run.refresh_from_db()
    assert run.state == "queued"
    toucher = client_of(clerk_with("change_user"))
    assert toucher.get(RUNS).json()["count"] == 1
    assert client_of(make_user()).get(RUNS).status_code == 403
