"""The fixtures that the other system tests stand on."""

import psycopg
import pytest

from core.accounts.models import User
from tests.databases import url_of

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]


def emails_in(database: str) -> list[str]:
    with psycopg.connect(url_of(database)) as connection:
        return [row[0] for row in connection.execute("SELECT email FROM accounts_user ORDER BY id")]


def test_shop_serves_the_test_database(shop):
    User.objects.create_user(email="ada@example.com", password="correct horse battery")

    answer = shop.client().get("/health/ready/")

    assert answer.status_code == 200
    assert emails_in(shop.database) == ["ada@example.com"]
    assert shop.manage("check").returncode == 0


def test_web_is_back_on_the_same_port_after_restart(shop):
    before = shop.processes["web"].pid

    shop.restart_web()

    assert shop.processes["web"].pid != before
    assert shop.client().get("/health/live/").status_code == 200


def test_twin_has_its_own_database_without_the_constraint(twin):
    changed = twin(guards=["cart_claim"], dropped_constraints=[("core_heartbeat", "core_heartbeat_pkey")])

    with changed.orm():
        User.objects.create_user(email="twin@example.com", password="correct horse battery")

    assert changed.environment["DISABLED_GUARDS"] == "cart_claim"
    assert changed.client().get("/health/live/").status_code == 200
    assert emails_in(changed.database) == ["twin@example.com"]
    assert not User.objects.exists()
    with psycopg.connect(url_of(changed.database)) as connection:
        connection.execute("INSERT INTO core_heartbeat VALUES ('same', now()), ('same', now())")
