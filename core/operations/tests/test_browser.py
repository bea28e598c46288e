"""The page of a run in a real browser: its bar moves while batches are done."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Queue

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from core.accounts.tests.factories import make_staff
from core.operations.models import Run
from core.operations.services.working import claim_run, do_next_batch, prepared_operation
from core.operations.tests.factories import Touch, make_people, make_run, registered

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
LAST = "end"
WATCH_SECONDS = 120
LOOK = """() => [
    document.querySelector("#run-bar")?.value ?? null,
    document.querySelector("#run-text")?.innerText ?? "",
    document.readyState === "complete" && document.querySelector(".run-finished") !== null,
]"""


@pytest.fixture(autouse=True)
def touch() -> Iterator[None]:
    with registered(Touch):
        yield


def watch(url: str, session: str, seen: Queue) -> list[str]:
    """Look at the page until the run is finished; each new value of the bar goes into `seen`, and LAST at the end.

    The page loads itself anew when the run is over, so that the last value may go unseen. Answers complaints.
    """
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=WATCH_SECONDS * 1000)
        context = browser.new_context()
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url[: url.index("/", 8)]}])
        context.set_default_timeout(WATCH_SECONDS * 1000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        last, ends = None, time.monotonic() + WATCH_SECONDS
        while time.monotonic() < ends:
            page.wait_for_timeout(50)
            with suppress(PlaywrightError):  # it was being loaded anew
                bar, text, is_finished = page.evaluate(LOOK)
                if bar not in (None, last):
                    last = bar
                    seen.put((bar, text))
                if is_finished:
                    seen.put((LAST, text))
                    break
        browser.close()
    return complaints


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.django_db(transaction=True)
def test_the_bar_moves_and_the_page_tells_the_end(live_server):
    make_people(6)
    run = make_run(rows=6)
    office = Client()
    office.force_login(make_staff())
    url = live_server.url + reverse("admin:operations_run_change", args=[run.pk])
    seen: Queue = Queue()
    # Playwright runs an event loop in its thread, where Django refuses to work.
    with ThreadPoolExecutor(1) as thread:
        browser = thread.submit(watch, url, office.cookies[settings.SESSION_COOKIE_NAME].value, seen)
        assert seen.get(timeout=120) == (0, "preparing")
        lease = claim_run(run_id=run.pk, worker="tests:1")
        operation = prepared_operation(lease=lease)
        do_next_batch(lease=lease, operation=operation)
        do_next_batch(lease=lease, operation=operation)
        value, text = seen.get(timeout=120)
        assert (value, text.partition(",")[0]) == (50, "3 of 6 rows")
        while do_next_batch(lease=lease, operation=operation):
            pass
        later = [value for value, _ in iter(lambda: seen.get(timeout=120), (LAST, "6 of 6 rows"))]
        assert later == sorted(later)
        assert browser.result(timeout=120) == []
    assert Run.objects.get().state == "finished"
