"""Errors to Sentry, when `SENTRY_DSN` says where; masked like the logs."""

from typing import Any

import sentry_sdk

from core.logging import masked


def scrub(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:
    """What leaves the house: no secrets, no addresses."""
    event.pop("user", None)
    return masked(event)


def start(*, dsn: str, environment: str, transport: Any = None) -> None:
    """Report unhandled errors from now on. Bodies, local variables and traces are not collected."""
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        transport=transport,
        before_send=scrub,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        traces_sample_rate=0,
    )
