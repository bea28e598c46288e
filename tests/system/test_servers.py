"""The application under the servers that people have: granian by default, gunicorn and ASGI as well."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.db import connection

from core.accounts.tests.factories import PASSWORD, make_user
from market.carts.tests.factories import make_offer
from storefront.embedded.processes import Program, spawn, stop
from tests.parallel import in_parallel
from tests.running import ROOT, Client, RunningShop, free_port, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

SERVERS = {
    "granian": [
        *("granian", "--interface", "wsgi", "--port", "PORT", "--workers", "2", "--blocking-threads", "4"),
        "storefront.wsgi:application",
    ],
    "gunicorn": [
        *("gunicorn", "--bind", "127.0.0.1:PORT", "--workers", "2", "--threads", "4"),
        "storefront.wsgi:application",
    ],
    "granian as ASGI": ["granian", "--interface", "asginl", "--port", "PORT", "storefront.asgi:application"],
}


@contextmanager
def served(shop: RunningShop, server: str, *, folder: Path) -> Iterator[Client]:
    """A client of the shop's database through a server of its own, whose connections carry its name."""
    port = str(free_port())
    command = [sys.executable, "-m", *(part.replace("PORT", port) for part in SERVERS[server])]
    program = Program(server, command, shop.environment | {"PGAPPNAME": server}, directory=str(ROOT))
    with (folder / "server.log").open("wb") as log:
        process = spawn(program, output=log.fileno())
    client = Client(f"http://127.0.0.1:{port}")

    def answers() -> bool:
        try:
            return client.get("/health/live/").status_code == 200
        except requests.ConnectionError:
            return False

    try:
        wait_for(answers, what=f"{server} answers; see {folder / 'server.log'}")
        yield client
    finally:
        stop(process, program)


@pytest.mark.parametrize("server", SERVERS)
def test_server_serves_both_stacks(shop, server, tmp_path):
    user = make_user(is_staff=True, is_superuser=True)
    with served(shop, server, folder=tmp_path) as client:
        tokens = client.post("/api/v1/auth/login/", json={"email": user.email, "password": PASSWORD}).json()
        profile = client.get("/api/v1/users/profile/", headers={"Authorization": f"Bearer {tokens['access']}"})
        absent = client.get("/api/v1/products/1/")
        admin = client.get("/admin/login/")
        chunked = client.post("/api/v1/carts/", data=iter([b'{"items":', b" []}"]))
    assert (profile.status_code, profile.json()["email"], profile.cookies) == (200, user.email, {})
    assert (absent.status_code, absent.headers["Content-Type"]) == (404, "application/problem+json")
    assert (admin.status_code, "csrftoken" in admin.cookies) == (200, True)
    assert (chunked.status_code, chunked.json()["code"]) == (411, "length_required")


def test_the_fallback_is_documented_as_it_is_tested():
    command = " ".join(SERVERS["gunicorn"]).replace("PORT", "8000")
    assert f"\n    {command}\n" in (ROOT / "docs/operations.md").read_text()


def test_cart_made_at_one_instance_is_filled_and_read_at_another(shop, tmp_path):
    variant = make_offer()
    with served(shop, "granian", folder=tmp_path) as other:
        here = shop.client()
        cart = here.post("/api/v1/carts/").json()["id"]
        added = other.post(f"/api/v1/carts/{cart}/items/", json={"variant": variant.pk, "quantity": 3})
        read = here.get(f"/api/v1/carts/{cart}/")
    assert (added.status_code, read.status_code) == (201, 200)
    assert [(item["variant"]["id"], item["quantity"]) for item in read.json()["items"]] == [(variant.pk, 3)]


def test_a_hundred_clients_share_a_few_connections(shop, tmp_path):
    with served(shop, "granian", folder=tmp_path) as client:
        strangers = [Client(client.shop_url) for _ in range(100)]
        for _ in range(3):
            answers = in_parallel([lambda caller=caller: caller.get("/api/v1/products/") for caller in strangers])
            assert {answer.status_code for answer in answers} == {200}
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'granian'")
            (open_connections,) = cursor.fetchone()
    # One per thread: two workers with four each.
    assert 1 <= open_connections <= 8
