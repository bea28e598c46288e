"""The time limits of background work, each shorter than the next."""

from datetime import timedelta

import pytest
from django.conf import settings

from tasks import celery_settings
from tasks.checks import check_time_limits


def test_lease_yield_soft_hard_and_visibility_are_in_order():
    assert check_time_limits(None) == []
    assert settings.DELIVERY_LEASE == settings.RUN_LEASE == timedelta(seconds=10)
    assert timedelta(seconds=30) == settings.RUN_YIELD
    assert (celery_settings.task_soft_time_limit, celery_settings.task_time_limit) == (60, 90)
    assert celery_settings.broker_transport_options["visibility_timeout"] == 120


@pytest.mark.parametrize(
    ("name", "seconds", "found"),
    [
        ("DELIVERY_LEASE", 30, "DELIVERY_LEASE (30 s) must be below RUN_YIELD (30 s)."),
        ("RUN_LEASE", 30, "RUN_LEASE (30 s) must be below RUN_YIELD (30 s)."),
        ("RUN_YIELD", 61, "RUN_YIELD (61 s) must be below task_soft_time_limit (60 s)."),
    ],
)
def test_a_limit_out_of_order_is_an_error(settings, name, seconds, found):
    setattr(settings, name, timedelta(seconds=seconds))
    assert [(error.id, error.msg) for error in check_time_limits(None)] == [("shop.E008", found)]


def test_the_last_mail_that_is_begun_may_be_as_slow_as_its_lease(settings):
    settings.EMAIL_TIMEOUT = 5
    assert check_time_limits(None) == []
    for timeout, total in ((6, 61), (10, 85)):
        settings.EMAIL_TIMEOUT = timeout
        assert [(error.id, error.msg) for error in check_time_limits(None)] == [
            (
                "shop.E008",
                f"LAST_BEGINNING_SECONDS + 6 * EMAIL_TIMEOUT ({total} s) must be below task_soft_time_limit (60 s).",
            )
        ]


def test_the_broker_may_hand_nothing_out_again_while_it_runs(monkeypatch):
    monkeypatch.setitem(celery_settings.broker_transport_options, "visibility_timeout", 90)
    assert [error.msg for error in check_time_limits(None)] == [
        "task_time_limit (90 s) must be below visibility_timeout (90 s)."
    ]
