"""The languages that people may be written to in: those of `LANGUAGES`, whether mails are translated or not."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

LANGUAGE_LENGTH = 10


def shop_language() -> str:
    """What people are written to in who have not said otherwise."""
    return settings.LANGUAGE_CODE


def known_language(code: str) -> None:
    """Raises ValidationError for what is none of `LANGUAGES`."""
    if code not in dict(settings.LANGUAGES):
        raise ValidationError("Give a language by its code, such as en, de or pt-br.", code="unknown")


def language_wanted(accept_language: str) -> str:
    """The first language of an `Accept-Language` header that is known, else the shop's own."""
    for code, _ in parse_accept_lang_header(accept_language):
        if code == "*":
            break
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
