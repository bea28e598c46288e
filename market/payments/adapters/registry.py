"""The providers that this shop takes, by name: `settings.PAYMENT_PROVIDERS`."""

from django.conf import settings

from core.errors import FieldError, Invalid
from market.payments.adapters.base import Provider
from market.payments.adapters.manual import ManualProvider

_providers: dict[str, Provider] = {provider.code: provider for provider in (ManualProvider(),)}


def known_providers() -> tuple[str, ...]:
    """The names of all providers that the code has, whether the shop takes them or not."""
    return tuple(_providers)


def provider_named(code: str) -> Provider:
    """The provider of a payment that exists. Raises KeyError for a name that no code has."""
    return _providers[code]


def provider_to_pay_with(code: str) -> Provider:
    """The provider that a buyer chose. Raises Invalid when the shop does not take it."""
    if code not in settings.PAYMENT_PROVIDERS or code not in _providers:
        taken = ", ".join(settings.PAYMENT_PROVIDERS)
        message = f"The shop takes: {taken}."
        raise Invalid(errors=[FieldError("payment_provider", "unknown_provider", message)])
    return _providers[code]


def lapsing_providers() -> list[str]:
    """The names of those whose pending payments may be given up without asking."""
    return [code for code, provider in _providers.items() if provider.lapses]
