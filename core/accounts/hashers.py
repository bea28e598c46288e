"""Password hashes: argon2id by default, bcrypt with twelve rounds by setting."""

from django.contrib.auth.hashers import Argon2PasswordHasher, BCryptSHA256PasswordHasher


class TunedArgon2PasswordHasher(Argon2PasswordHasher):
    """argon2id with OWASP's second choice (19 MiB, 2 passes, 1 lane): about 20 ms of CPU.

    Django's default (100 MiB, 8 lanes) costs ten times that and lets a burst of logins exhaust
    the memory of a small server.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1


class TwelveRoundsBCryptPasswordHasher(BCryptSHA256PasswordHasher):
    """bcrypt with cost 12 over SHA-256, so that long passwords are not cut at 72 bytes."""

    rounds = 12
