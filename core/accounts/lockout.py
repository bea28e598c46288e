"""How often a password may be guessed, so that guessing is slow and locks nobody else out.

Attempts are counted before the password is looked at, by account and place: the device that signed in
before, else the network. Each place climbs a ladder of its own, from a few attempts a minute to a few
in four hours. Places where the account has never signed in climb a common one too, so that a thousand
of them get no further than one. A known device or network does not, whatever the others do.
"""

from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex

from django.conf import settings
from django.core import signing
from django.utils.crypto import salted_hmac
from limits import parse

from core.errors import TooMany
from core.guessing import Rung, count_guess, forget_guesses

DEVICE_SALT = "accounts.device"
DEVICE_LIFETIME = timedelta(days=365)


class TooManyAttempts(TooMany):
    """Too many wrong passwords for this account from here; whether it exists is not told."""

    code = "too_many_attempts"
    title = "Too many attempts to sign in. Wait, or have a new password mailed to you."


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody signs in from. `device` is empty unless its token was good for this account."""

    email: str
    network: str
    device: str = ""

    @property
    def is_known_device(self) -> bool:
        return bool(self.device)

    @property
    def network_digest(self) -> str:
        """The network as it is stored with a login: enough to know it again, not to tell it."""
        return _digest("network", self.network)

    @property
    def account_key(self) -> str:
        return f"login:{_digest('account', self.email.lower())}"

    @property
    def key(self) -> str:
        return f"{self.account_key}:{self.device or self.network_digest}"


def place_of(*, email: str, network: str, device_token: str = "") -> Place:
    """The place of an attempt. A device token that is forged, old or another account's counts for nothing."""
    return Place(email=email, network=network, device=_device_of(email, device_token))


def device_token_for(*, place: Place) -> str:
    """What the device keeps and shows at its next login: that somebody signed in with it before."""
    return signing.dumps([_digest("account", place.email.lower()), place.device or token_hex(8)], salt=DEVICE_SALT)


def count_attempt(*, place: Place) -> None:
    """Count an attempt from this place. Raises TooManyAttempts."""
    _climb(place.key, settings.LOGIN_ATTEMPTS)


def count_stranger(*, place: Place) -> None:
    """Count an attempt from where the account has never signed in. Raises TooManyAttempts."""
    _climb(place.account_key, settings.LOGIN_ATTEMPTS_ELSEWHERE)


def forget_attempts(*, place: Place) -> None:
    """Begin at the foot of the place's ladder again: the password was right."""
    _forget(place.key, settings.LOGIN_ATTEMPTS)


def forget_strangers(*, place: Place) -> None:
    """Begin at the foot of both ladders again: the mailbox was the owner's."""
    forget_attempts(place=place)
    _forget(place.account_key, settings.LOGIN_ATTEMPTS_ELSEWHERE)


def _climb(key: str, ladder: list[str]) -> None:
    """Count on the first rung, on the next one only if that holds; parallel attempts get exactly the limit."""
    rungs = _rungs(key, ladder)
    for rung, counted in zip(rungs, count_guess(rungs), strict=False):
        if counted.count > rung.limit:
            raise TooManyAttempts(retry_after_seconds=counted.left_seconds)


def _forget(key: str, ladder: list[str]) -> None:
    forget_guesses([rung.key for rung in _rungs(key, ladder)])


def _rungs(key: str, ladder: list[str]) -> list[Rung]:
    rates = [parse(rate) for rate in ladder]
    return [Rung(f"{key}:{rate.get_expiry()}", rate.amount, rate.get_expiry()) for rate in rates]


def _device_of(email: str, token: str) -> str:
    if not token:
        return ""
    try:
        account, device = signing.loads(token, salt=DEVICE_SALT, max_age=DEVICE_LIFETIME)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return device if account == _digest("account", email.lower()) else ""


def _digest(kind: str, text: str) -> str:
    return salted_hmac(f"accounts.lockout.{kind}", text, algorithm="sha256").hexdigest()[:32]
