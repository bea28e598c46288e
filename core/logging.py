"""Logs as JSON lines on stdout, each with its request's id; secrets and addresses are masked in all of them."""

import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import orjson
import structlog

MASK = "***"
_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)|secret|token|authorization|cookie|credential|api_?key|signature|dsn|^(access|refresh|key|email|recipient)$",
    re.IGNORECASE,
)
# One pass over a text: credentials in URLs, secrets in queries, tokens, email addresses (also percent-encoded).
_SECRET_TEXT = re.compile(
    r"(?P<url>\w://)[^/\s@]*:[^/\s@]*@"
    r"|(?P<name>\b\w*(?:token|password|secret|signature|access|refresh)\w*[\"']?\s*[=:]\s*[\"']?)[^&\s\"',;}]+"
    r"|(?P<scheme>\b(?:Bearer|JWT|Basic)\s+)\S+"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|[^\s@\"'<>(),;:=&/]+(?:@|%40)[\w-]+(?:\.[\w-]+)+",
    re.IGNORECASE,
)
# Most texts are paths and event names: they have none of these and are not searched.
_SUSPICIOUS = re.compile(r"[@=:]|%40|eyJ|Bearer|JWT|Basic", re.IGNORECASE)


def masked_text(text: str) -> str:
    """The text without secrets; what names them stays readable (`token=***`)."""
    if not _SUSPICIOUS.search(text):
        return text
    return _SECRET_TEXT.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    if match["url"]:
        return f"{match['url']}{MASK}@"
    return f"{match['name'] or match['scheme'] or ''}{MASK}"


def masked(value: Any) -> Any:
    """The value with every secret in it replaced: by the name of its key, or by how it looks."""
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, Mapping):
        return {key: MASK if _names_a_secret(key, member) else masked(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [masked(member) for member in value]
    return value


def _names_a_secret(key: Any, value: Any) -> bool:
    return isinstance(key, str) and bool(value) and bool(_SECRET_KEY.search(key))


def mask_event(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor over `masked`."""
    return masked(event)


def _as_json(event: Any, **options: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _renderer(log_format: str) -> Any:
    if log_format == "console":
        return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    return structlog.processors.JSONRenderer(serializer=_as_json)


_SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def _final(log_format: str) -> list[Any]:
    # Tracebacks are plain text: the rich ones show local variables, which hold passwords.
    return [structlog.processors.format_exc_info, mask_event, _renderer(log_format)]


def configure(*, log_format: str, level: str, cache: bool = True) -> None:
    """How structlog's own loggers write. They go straight to stdout, which is four times as fast as
    through the standard library, each line in one write, so that threads never share one. Tests do
    not cache, as their stdout changes."""
    structlog.configure(
        processors=[*_SHARED, *_final(log_format)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=cache,
    )


def logging_settings(log_format: str, level: str) -> dict[str, Any]:
    """Django's LOGGING: what the libraries log, in the same form and as well masked."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_SHARED, structlog.stdlib.add_logger_name],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_final(log_format)],
            }
        },
        "handlers": {
            "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "lines"},
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": "INFO"},
            # Answers below 500 are in the request log already.
            "django.request": {"handlers": [], "propagate": True, "level": "ERROR"},
            "django.server": {"handlers": [], "propagate": True, "level": "WARNING"},
            # A sweep every second would fill the log; tasks log what they have done themselves.
            "celery.beat": {"handlers": [], "propagate": True, "level": "WARNING"},
            "celery.app.trace": {"handlers": [], "propagate": True, "level": "WARNING"},
            "celery.worker.strategy": {"handlers": [], "propagate": True, "level": "WARNING"},
            "celery.worker.request": {"handlers": [], "propagate": True, "level": "WARNING"},
        },
    }
