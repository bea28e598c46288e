"""Users for tests."""

from itertools import count

from core.accounts.models import User

PASSWORD = "correct-horse-battery"
_numbers = count(1)


def make_user(**overrides) -> User:
    """An active customer with the password `PASSWORD`."""
    fields = {"email": f"user{next(_numbers)}@example.com", "password": PASSWORD, **overrides}
    return User.objects.create_user(**fields)


def make_staff(**overrides) -> User:
    """Staff with every permission."""
    return make_user(**{"is_staff": True, "is_superuser": True, **overrides})
