"""System checks of what background work stands on."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, register

from tasks.doctor import examine_broker


@register(deploy=True)
def check_broker(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A broker that evicts throws messages away; one that is away is the doctor's business."""
    return [Error(finding.text, id="shop.E007") for finding in examine_broker() if finding.name == "evicting_broker"]
