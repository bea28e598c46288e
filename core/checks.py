"""System checks: settings that are readable one by one and still wrong together."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from core.guards import GUARDS

MIN_TOKEN_LENGTH = 16

# ISO 4217: the active currencies whose minor unit is a hundredth.
_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR "
    "JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD "
    "NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG"
)
TWO_DECIMAL_CURRENCIES = frozenset(_TWO_DECIMALS.split())


@register()
def check_testing_switches(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Guards and fault points are for tests alone."""
    messages: list[CheckMessage] = []
    if not settings.TESTING:
        if settings.DISABLED_GUARDS:
            names = ", ".join(sorted(settings.DISABLED_GUARDS))
            messages.append(Error(f"DISABLED_GUARDS switches off {names} outside of tests.", id="shop.E001"))
        if settings.FAULTS_FILE:
            messages.append(Error("FAULTS_FILE is set outside of tests.", id="shop.E002"))
    if unknown := sorted(settings.DISABLED_GUARDS - set(GUARDS)):
        messages.append(Error(f"DISABLED_GUARDS names no guard: {', '.join(unknown)}.", id="shop.E003"))
    return messages


@register()
def check_shop(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """One currency, with cents; a known country; a rate of tax that can be."""
    messages: list[CheckMessage] = []
    if settings.SHOP_CURRENCY not in TWO_DECIMAL_CURRENCIES:
        hint = "Amounts have two decimals; use an ISO 4217 code such as EUR."
        messages.append(Error(f"SHOP_CURRENCY {settings.SHOP_CURRENCY!r} has no cents.", hint=hint, id="shop.E004"))
    if not 0 <= settings.STANDARD_TAX_RATE < 1:
        messages.append(
            Error(f"STANDARD_TAX_RATE {settings.STANDARD_TAX_RATE} is not in 0 to 1 (0.2 is 20 %).", id="shop.E005")
        )
    return messages


@register()
def check_throttles(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A load-test token that can be guessed lifts the limits for everybody."""
    token = settings.LOADTEST_TOKEN
    if token and len(token) < MIN_TOKEN_LENGTH:
        return [Error(f"LOADTEST_TOKEN is shorter than {MIN_TOKEN_LENGTH} characters.", id="shop.E006")]
    return []


@register()
def check_metrics(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A token of the metrics that can be guessed shows everybody how the shop does."""
    token = settings.METRICS_TOKEN
    if token and len(token) < MIN_TOKEN_LENGTH:
        return [Error(f"METRICS_TOKEN is shorter than {MIN_TOKEN_LENGTH} characters.", id="shop.E009")]
    return []


@register(deploy=True)
def check_deployment(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """What is right on a test day and wrong on an ordinary one."""
    if settings.LOADTEST_TOKEN:
        return [Warning("LOADTEST_TOKEN is set: whoever knows it is not throttled.", id="shop.W001")]
    return []
