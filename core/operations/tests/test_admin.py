"""The staff's way: choose, fill in, dry run, start in earnest, watch, mend."""

import io
import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from core.accounts.tests.factories import make_staff, make_user
from core.operations.models import Run
from core.operations.services.working import claim_run, do_next_batch, prepared_operation
from core.operations.tests.factories import Reader, Touch, make_people, registered, touched

pytestmark = pytest.mark.django_db
LIST = reverse("admin:operations_run_changelist")
ADD = reverse("admin:operations_run_add")


@pytest.fixture(autouse=True)
def operations():
    with registered(Touch, Reader):
        yield


@pytest.fixture
def office() -> Client:
    """A browser in which staff with every permission are signed in."""
    client = Client()
    client.force_login(make_staff())
    return client


def page_of(run: Run) -> str:
    return reverse("admin:operations_run_change", args=[run.pk])


def press(client: Client, run: Run, action: str) -> Run:
    """The run that the browser is shown after the button."""
    answer = client.post(reverse("admin:operations_run_act", args=[run.pk, action]))
    assert answer.status_code == 302
    return Run.objects.get(pk=re.search(r"run/([^/]+)/change", answer.headers["Location"])[1])


def work(run: Run) -> None:
    lease = claim_run(run_id=run.pk, worker="tests:1")
    while do_next_batch(lease=lease, operation=prepared_operation(lease=lease)):
        pass


def fill_in(client: Client, operation: str, **values: object) -> object:
    """Submit the operation's form as it was shown."""
    page = client.get(ADD, {"operation": operation}).content.decode()
    run_id = re.search(r'name="run_id" value="([^"]+)"', page)[1]
    return client.post(f"{ADD}?operation={operation}", {"run_id": run_id, **values})


def test_from_the_form_over_a_dry_run_to_the_change(office):
    make_people(5)
    assert "Touch users" in office.get(ADD).content.decode()
    answer = fill_in(office, "touch", rows="5", reason="summer", refused="2", dry_run="yes")
    rehearsal = Run.objects.get()
    assert answer.headers["Location"] == page_of(rehearsal)
    assert (rehearsal.dry_run, rehearsal.state, rehearsal.reason) == (True, "queued", "summer")
    assert "progress.js" in office.get(page_of(rehearsal)).content.decode()
    work(rehearsal)
    page = office.get(page_of(rehearsal)).content.decode()
    assert "What would change, for example" in page
    assert "Start in earnest" in page
    assert touched() == [""] * 5

    run = press(office, rehearsal, "start-in-earnest")
    assert press(office, rehearsal, "start-in-earnest") == run
    assert (run.dry_run, run.params, run.state, run.reason) == (False, rehearsal.params, "queued", "summer")
    work(run)
    assert touched() == ["x"] * 5
    assert Run.objects.count() == 2
    page = office.get(page_of(run)).content.decode()
    assert "5 of 5 rows, 1 failed" in page
    assert "Try failed rows again" in page
    rows = b"".join(office.get(reverse("admin:operations_run_failed_rows", args=[run.pk])).streaming_content)
    assert rows == b"email,reason,message\r\n'=touch-2@example.com,shy,It is shy.\r\n"


def test_a_form_that_is_sent_twice_makes_one_run(office):
    page = office.get(ADD, {"operation": "touch"}).content.decode()
    form = {"run_id": re.search(r'name="run_id" value="([^"]+)"', page)[1], "rows": "5"}
    first = office.post(f"{ADD}?operation=touch", form)
    second = office.post(f"{ADD}?operation=touch", form)
    assert first.headers["Location"] == second.headers["Location"]
    office.post(f"{ADD}?operation=touch", form | {"dry_run": "yes"})
    assert sorted(Run.objects.values_list("dry_run", flat=True)) == [False, True]


def test_a_bad_form_is_shown_again_and_makes_no_run(office):
    page = fill_in(office, "touch", rows="many", color="green").content.decode()
    assert "Enter a whole number." in page
    assert "green is not one of the available choices" in page
    assert not Run.objects.exists()


def test_a_file_comes_with_the_form(office):
    answer = fill_in(office, "read", rows="1", upload=io.BytesIO(b"text"))
    assert "These are no rows." in answer.content.decode()
    fill_in(office, "read", rows="1", upload=io.BytesIO(b"rows of text"))
    assert Run.objects.get().file.size == 12


def test_buttons_do_what_they_say_and_tell_what_is_refused(office):
    fill_in(office, "touch", rows="5")
    run = Run.objects.get()
    assert press(office, run, "pause").state == "paused"
    assert press(office, run, "resume").state == "queued"
    assert press(office, run, "cancel").state == "canceled"
    press(office, run, "start")
    assert "A run that is canceled cannot be started." in office.get(page_of(run)).content.decode()
    assert office.get(reverse("admin:operations_run_act", args=[run.pk, "start"])).status_code == 405
    assert office.post(reverse("admin:operations_run_act", args=[run.pk, "explode"])).status_code == 404


def test_the_bar_is_told_how_far_the_run_is(office):
    make_people(5)
    fill_in(office, "touch", rows="5")
    run = Run.objects.get()
    lease = claim_run(run_id=run.pk, worker="tests:1")
    for _ in range(2):
        do_next_batch(lease=lease, operation=prepared_operation(lease=lease))
    told = office.get(reverse("admin:operations_run_progress", args=[run.pk])).json()
    assert told.pop("text").startswith("3 of 5 rows, ")
    assert told == {"state": "running", "percent": 60, "is_moving": True}


def test_staff_see_the_operations_that_they_may_run(client):
    manager = Client()
    manager.force_login(make_staff())
    fill_in(manager, "touch", rows="5")
    run = Run.objects.get()
    clerk = make_user(is_staff=True)
    client.force_login(clerk)
    pages = [LIST, ADD, page_of(run), reverse("admin:operations_run_progress", args=[run.pk])]
    assert {client.get(page).status_code for page in pages} <= {403, 404}
    clerk.user_permissions.add(Permission.objects.get(codename="add_user"))
    assert client.get(LIST).status_code == 200
    page = client.get(ADD).content.decode()
    assert "Read rows" in page
    assert "Touch users" not in page
    assert client.get(f"{ADD}?operation=touch").status_code == 404
    assert client.get(page_of(run)).status_code in {302, 404}
    assert client.post(reverse("admin:operations_run_act", args=[run.pk, "cancel"])).status_code == 404
    run.refresh_from_db()
    assert run.state == "queued"


def test_names_of_others_are_shown_inert(office):
    file = io.BytesIO(b"rows of text")
    file.name = "<img src=x onerror=alert(1)>.csv"
    fill_in(office, "read", rows="1", reason="<script>alert(1)</script>", upload=file)
    page = office.get(page_of(Run.objects.get())).content.decode()
    assert "<script>alert(1)</script>" not in page and "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "&lt;img src=x onerror=alert(1)&gt;.csv" in page
