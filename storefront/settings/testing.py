"""What `make test` uses: real PostgreSQL and Valkey, cheap password hashes, guards that can be switched off."""

from datetime import timedelta

from storefront.settings.base import *  # noqa: F403
from storefront.settings.base import read, read_rate, read_rates
from storefront.settings.social import SOCIAL_APPS, SOCIAL_MIDDLEWARE

TESTING = True
DEBUG = False
SECRET_KEY = "testing-secret-key-with-at-least-32-bytes"
JWT_SECRET_KEY = "testing-jwt-secret-key-with-at-least-32-bytes"
SIMPLE_JWT = SIMPLE_JWT | {"SIGNING_KEY": JWT_SECRET_KEY}
ALLOWED_HOSTS = ["*"]
DISABLED_GUARDS = frozenset(read("list", "DISABLED_GUARDS", []))
FAULTS_FILE = read("str", "FAULTS_FILE", "")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# Tests of kills wait for many leases.
RUN_LEASE = timedelta(seconds=read("float", "RUN_LEASE_SECONDS", RUN_LEASE.total_seconds()))
# Whether the broker hands out again what a killed worker had: tests of recovery switch it off.
BROKER_REDELIVERY = read("bool", "BROKER_REDELIVERY", True)
# A busy test machine misses 20 ms now and then; the breaker's own test sets them again.
REDIS_DEADLINE_SECONDS = read("float", "REDIS_DEADLINE_SECONDS", 2.0)
# Slow statements are logged to stdout, where tests read what commands say; the log's own test sets it again.
SLOW_QUERY_SECONDS = read("float", "SLOW_QUERY_SECONDS", 60.0)
# Tests come from one address; those of the limits set their own.
THROTTLE_RATES = {scope: read_rate(f"THROTTLE_{scope.upper()}", "1000000/minute") for scope in THROTTLE_RATES}
LOGIN_ATTEMPTS = read_rates("LOGIN_ATTEMPTS", ["1000000/minute"])
LOGIN_ATTEMPTS_ELSEWHERE = read_rates("LOGIN_ATTEMPTS_ELSEWHERE", ["1000000/minute"])
# Hundreds at one lock of a busy test machine may wait longer than customers should.
DATABASE_PATIENCE = read("float", "DATABASE_PATIENCE", 1.0)
DATABASE_DEADLINE_SECONDS = DATABASE_DEADLINE_SECONDS * DATABASE_PATIENCE
DATABASE_STATEMENT_SECONDS = DATABASE_STATEMENT_SECONDS * DATABASE_PATIENCE
DATABASE_LOCK_SECONDS = DATABASE_LOCK_SECONDS * DATABASE_PATIENCE
# The tables of signing in with another account are there, its routes are not.
if not OIDC_ISSUER:
    INSTALLED_APPS = [*SOCIAL_APPS, *INSTALLED_APPS]
    MIDDLEWARE = [*MIDDLEWARE, SOCIAL_MIDDLEWARE]
# Static files as they lie: nothing is collected for tests.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
