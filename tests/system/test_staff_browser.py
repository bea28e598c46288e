"""Staff at work in a real browser: a promotion is written, refused, mended, simulated, and its plot looked at."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright

from market.orders.tests.factories import make_order, make_staff
from market.pricing.models import Promotion
from tests.running import WAIT_SECONDS

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
LOOKS = "link => [getComputedStyle(link).color, getComputedStyle(link.parentElement).backgroundColor]"

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


def write_and_simulate(page: Page, url: str) -> None:
    """What a member of staff does, and sees."""
    page.goto(f"{url}/admin/pricing/promotion/add/")
    page.fill("#id_name", "Winter sale")
    page.fill("#id_value", "120")
    page.dblclick("#id_countries_from option[value=DE]")
    page.click("[name=_continue]")

    expect(page.locator(".field-value .errorlist")).to_have_text("a percentage is 0 to 100")
    expect(page.locator("#id_name")).to_have_value("Winter sale")
    expect(page.locator("#id_value")).to_have_value("120")
    expect(page.locator("#id_countries_to option")).to_have_text(["DE"])
    page.fill("#id_value", "20")
    page.dblclick("#id_countries_to option[value=DE]")
    page.click("[name=_continue]")

    expect(page.locator(".messagelist .success")).to_contain_text("Winter sale")
    page.click(".object-tools >> text=Simulate")
    page.click("[name=earnest]")
    expect(page.locator(".run-finished")).to_be_visible()  # what it came to is linked before, and not all then
    page.click("#run-result")

    expect(page.locator("#cost")).to_have_text("4.00")
    for shape in ("polyline.before", "polyline.after", "rect.cost"):
        assert page.locator(f".plot {shape}").bounding_box()["width"] > 50, shape

    page.goto(f"{url}/admin/operations/run/add/")
    color, background = page.locator(".operation h2 a").first.evaluate(LOOKS)
    assert color != background


def browse(url: str, session: str) -> list[str]:
    """Do it signed in; answers what the browser complained about."""
    complaints: list[str] = []
    expect.set_options(timeout=WAIT_SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context()
        context.set_default_timeout(WAIT_SECONDS * 1000)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        write_and_simulate(page, url)
        browser.close()
    return complaints


def test_a_promotion_is_written_mended_and_simulated(shop):
    make_order()
    office = Client()
    office.force_login(make_staff())
    # Playwright runs an event loop in its thread, where Django refuses to work.
    with ThreadPoolExecutor(1) as thread:
        session = office.cookies[settings.SESSION_COOKIE_NAME].value
        assert thread.submit(browse, shop.url, session).result() == []
    assert [row.status for row in Promotion.objects.all()] == ["draft"]
