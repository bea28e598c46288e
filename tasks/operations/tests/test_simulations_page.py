"""What a simulation found, as staff see it."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from core.plots import plot_of
from market.carts.tests.factories import make_cart, make_offer
from market.orders.tests.factories import make_order, make_staff
from market.pricing.tests.factories import make_promotion
from tasks.operations.tests.working import run_of

HOSTILE = '<script>alert("x")</script>'


def client_of(*permissions: str) -> Client:
    client = Client()
    client.force_login(make_staff(*permissions))
    return client


@pytest.mark.django_db
def test_the_page_is_reached_from_the_promotion_and_its_run_and_shows_a_plot():
    order = make_order(cart=make_cart(units={make_offer(price="10.00"): 5}))
    promotion = make_promotion(HOSTILE, status="draft", value="100")
    office = client_of("pricing.change_promotion", "pricing.view_promotion", "orders.view_order")
    tools = office.get(reverse("admin:pricing_promotion_change", args=[promotion.pk])).content.decode()
    ask = f"{reverse('admin:operations_run_add')}?operation=simulate_promotion&promotion={promotion.pk}"
    assert ask.replace("&", "&amp;") in tools
    form = office.get(ask).content.decode()
    assert f'<option value="{promotion.pk}" selected>' in form
    assert 'name="dry_run"' not in form

    run = run_of("simulate_promotion", promotion=promotion.pk)
    page = reverse("admin:pricing_simulation_change", args=[run.pk])
    assert page in office.get(reverse("admin:operations_run_change", args=[run.pk])).content.decode()
    found = office.get(reverse("admin:pricing_simulation_changelist"), {"promotion__exact": promotion.pk})
    assert page in found.content.decode()
    answer = office.get(page)
    html = answer.content.decode()
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert HOSTILE not in html and "&lt;script&gt;alert" in html
    assert ('<dd id="cost">50.00</dd>' in html, html.count(order.number)) == (True, 1)
    assert re.findall(r'<polyline class="(\w+)" points="[\d., ]+"/>', html) == ["before", "after"]
    told = f"before {order.grand_total}, after {order.grand_total - 50}, cost 50.00</title></rect>"
    assert html.count(told) == html.count("<rect") == 1

    file = office.get(reverse("admin:pricing_simulation_file", args=[run.pk]))
    assert f"\r\n{order.number}," in b"".join(file.streaming_content).decode()
    urls = (page, reverse("admin:pricing_simulation_file", args=[run.pk]))
    for permission, expected in (("catalog.change_variant", [404, 404]), ("pricing.change_promotion", [200, 403])):
        other = client_of(permission)
        assert [other.get(url).status_code for url in urls] == expected
    sums = other.get(page).content.decode()
    assert '<dd id="cost">50.00</dd>' in sums and order.number not in sums and urls[1] not in sums


@pytest.mark.parametrize(
    ("length", "unit", "bars"),
    [(1, "day", 1), (92, "day", 92), (93, "week", 14), (1120, "week", 160), (1121, "month", 37)],
)
def test_a_plot_has_all_that_happened_in_few_bars(length, unit, bars):
    start = date(2024, 1, 1)
    days = {start + timedelta(days=place): (Decimal(30), Decimal(20), Decimal(10)) for place in (0, length - 1)}
    plot = plot_of(days)
    assert (plot.unit, len(plot.bars), len(plot.lines)) == (unit, bars, 2)
    assert sum(bar.values[0] for bar in plot.bars) == 30 * len(days)
    assert len(plot.labels) <= 12
    assert {len(line.split()) for line in plot.lines} == {max(bars, 2)}, "one point would not be seen"
    heights = {tick.at: tick.label for tick in plot.ticks}
    assert heights[min(heights)] in {"30", "40"} and heights[max(heights)] == "0"


def test_what_is_gained_stands_as_high_as_what_it_costs():
    plot = plot_of(
        {
            date(2024, 1, 1): (Decimal(9), Decimal(8), Decimal(1)),
            date(2024, 1, 2): (Decimal(8), Decimal(9), Decimal(-1)),
        }
    )
    assert plot.bars[0].height == plot.bars[1].height > 0
    assert plot.has_gain
    assert plot_of({}) is None
