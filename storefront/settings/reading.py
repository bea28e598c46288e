"""The readers of environment variables; only `base` and what builds on it call them.

A value that cannot be read is refused at start, by its name.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import environ
from django.conf.global_settings import LANGUAGES
from django.core.exceptions import ImproperlyConfigured
from limits import parse as parse_rate

BASE_DIR = Path(__file__).resolve().parents[2]

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env", overwrite=False)
BOOLEANS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)


def read(kind: str, name: str, default):
    """The variable `name` as `kind` (str, int, bool, list, float, decimal, time zone, language), a bad value named."""
    if kind not in {"str", "list"} and env.str(name, default="").strip() == "":
        return Decimal(default) if kind == "decimal" else default
    try:
        if kind == "bool":
            return BOOLEANS[env.str(name).strip().lower()]
        if kind == "decimal":
            return Decimal(env.str(name))
        if kind == "time zone":
            return ZoneInfo(env.str(name)).key
        if kind == "language":
            return {code: code for code, _ in LANGUAGES}[env.str(name).strip().lower()]
        return getattr(env, kind)(name, default=default)
    except (ValueError, TypeError, KeyError, InvalidOperation) as error:
        raise ImproperlyConfigured(f"{name} is not a valid {kind}: {env.str(name)!r}") from error


def read_rate(name: str, default: str) -> str:
    """The variable `name` as a rate such as `60/minute` or `5/30 seconds`."""
    value = read("str", name, default)
    try:
        parse_rate(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a rate such as 60/minute, not {value!r}") from error
    return value


def read_rates(name: str, default: list[str]) -> list[str]:
    """The variable `name` as a list of rates, the shortest time first."""
    rates = read("list", name, default)
    try:
        times = [parse_rate(rate).get_expiry() for rate in rates]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be rates such as 5/minute,20/hour, not {rates!r}") from error
    if not rates or times != sorted(set(times)):
        raise ImproperlyConfigured(f"{name} must name at least one rate, each for a longer time than the one before")
    return rates


def read_networks(name: str, default: Sequence[str] = ()) -> list[str]:
    """The variable `name` as a list of addresses or networks (10.0.0.0/8)."""
    value = read("list", name, list(default))
    for network in value:
        try:
            ip_network(network, strict=False)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} has {network!r}, which is no address or network") from error
    return value


def read_positive(name: str, default: int, kind: str = "int") -> int | float:
    """The variable `name` as a number above zero, a whole one unless `kind` is float."""
    value = read(kind, name, default)
    if not 0 < value < float("inf"):
        raise ImproperlyConfigured(f"{name} must be above zero, not {value}")
    return value
