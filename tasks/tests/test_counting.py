"""Tasks are counted where they end; `GET /metrics` tells how many."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tasks.housekeeping import heartbeat


def told(client) -> dict[tuple[str, str], float]:
    """(name, state if any) → value, of the samples of the task."""
    families = text_string_to_metric_families(client.get("/metrics").content.decode())
    samples = [
        sample for family in families for sample in family.samples if sample.labels.get("task") == heartbeat.name
    ]
    return {(sample.name, sample.labels.get("state", "")): sample.value for sample in samples}


@pytest.mark.django_db
def test_tasks_that_end_are_counted_wherever_they_ran(api_client):
    before = told(api_client)
    heartbeat.apply(args=["webhooks"])
    heartbeat.apply(args=["webhooks", "one too many"])
    after = told(api_client)
    grown = {key: value - before.get(key, 0) for key, value in after.items()}
    assert grown.pop(("storefront_task_seconds_total", "")) > 0
    assert grown == {("storefront_tasks_total", state): 1 for state in ("success", "failure")}
