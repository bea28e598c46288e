"""Settings: each environment starts, each variable changes its setting, a bad value is named."""

import ast
import importlib
import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from django.core.exceptions import ImproperlyConfigured

from storefront.settings.base import INSECURE_SECRET_KEY

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("base", "development", "testing", "staging", "production")
SECRETS = {"DJANGO_SECRET_KEY": "django-" * 8, "JWT_SECRET_KEY": "tokens-" * 8}


@pytest.fixture
def load(monkeypatch):
    """Imports an environment's settings anew, with these variables and no others."""

    def load(name: str, **variables: str) -> ModuleType:
        for variable in set(os.environ) - {"PATH", "HOME", "LANG"}:
            monkeypatch.delenv(variable)
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value)
        for module in [f"storefront.settings.{environment}" for environment in ENVIRONMENTS]:
            monkeypatch.delitem(sys.modules, module, raising=False)
        try:
            return importlib.import_module(f"storefront.settings.{name}")
        finally:
            for module in [f"storefront.settings.{environment}" for environment in ENVIRONMENTS]:
                monkeypatch.delitem(sys.modules, module, raising=False)

    return load


# variable, value, where it lands, what stands there
VARIABLES = [
    ("DJANGO_DEBUG", "on", "DEBUG", True),
    ("DJANGO_SECRET_KEY", "s" * 40, "SECRET_KEY", "s" * 40),
    ("DJANGO_SECRET_KEY_FALLBACKS", "old,older", "SECRET_KEY_FALLBACKS", ["old", "older"]),
    ("DJANGO_ALLOWED_HOSTS", "shop.example,www.shop.example", "ALLOWED_HOSTS", ["shop.example", "www.shop.example"]),
    ("DATA_DIR", "/srv/shop", "DATA_DIR", Path("/srv/shop")),
    ("SHOP_NAME", "Corner Shop", "SHOP_NAME", "Corner Shop"),
    ("SHOP_URL", "https://shop.example", "SHOP_URL", "https://shop.example"),
    ("SHOP_CURRENCY", "EUR", "SHOP_CURRENCY", "EUR"),
    ("STANDARD_TAX_RATE", "0.19", "STANDARD_TAX_RATE", Decimal("0.19")),
    ("PRICES_INCLUDE_TAX", "no", "PRICES_INCLUDE_TAX", False),
    ("DEFAULT_COUNTRY", "DE", "DEFAULT_COUNTRY", "DE"),
    ("SHOP_TIME_ZONE", "Europe/Berlin", "SHOP_TIME_ZONE", "Europe/Berlin"),
    ("LANGUAGE_CODE", "es-mx", "LANGUAGE_CODE", "es-mx"),
    ("SEARCH_ENGINE", "opensearch", "SEARCH_ENGINE", "opensearch"),
    ("SEARCH_LANGUAGE", "german", "SEARCH_LANGUAGE", "german"),
    ("OPENSEARCH_URL", "https://search.example", "OPENSEARCH_URL", "https://search.example"),
    ("OPENSEARCH_INDEX", "shop", "OPENSEARCH_INDEX", "shop"),
    ("MAX_CART_QUANTITY", "5", "MAX_CART_QUANTITY", 5),
    ("IMAGE_MAX_KB", "700", "IMAGE_MAX_BYTES", 700 * 1024),
    ("DOCUMENT_MAX_KB", "700", "DOCUMENT_MAX_BYTES", 700 * 1024),
    ("OUTBOUND_PRIVATE_NETWORKS", "10.1.0.0/16", "OUTBOUND_PRIVATE_NETWORKS", ["10.1.0.0/16"]),
    ("MAX_CART_LINES", "7", "MAX_CART_LINES", 7),
    ("CART_MERGE_STRATEGY", "larger", "CART_MERGE_STRATEGY", "larger"),
    ("CART_LIFETIME_DAYS", "3", "CART_LIFETIME", timedelta(days=3)),
    ("PAYMENT_PROVIDERS", "manual,card", "PAYMENT_PROVIDERS", ["manual", "card"]),
    ("MANUAL_PAYMENT_DEADLINE_HOURS", "48", "MANUAL_PAYMENT_DEADLINE", timedelta(hours=48)),
    ("BANK_TRANSFER_INSTRUCTIONS", "Pay.", "BANK_TRANSFER_INSTRUCTIONS", "Pay."),
    ("REVIEW_REQUIRES_PURCHASE", "yes", "REVIEW_REQUIRES_PURCHASE", True),
    ("REVIEW_FORBIDDEN_WORDS", "spam,free money", "REVIEW_FORBIDDEN_WORDS", ["spam", "free money"]),
    ("REVIEW_REQUEST_DAYS", "3", "REVIEW_REQUEST_DELAY", timedelta(days=3)),
    ("ERASURE_GRACE_DAYS", "3", "ERASURE_GRACE", timedelta(days=3)),
    ("MEMBERSHIP_GRACE_DAYS", "3", "MEMBERSHIP_GRACE", timedelta(days=3)),
    ("DATABASE_URL", "postgres://u:p@db:5433/shop", "DATABASES.default.PORT", 5433),
    ("POSTGRES_USER", "ann", "DATABASES.default.USER", "ann"),
    ("POSTGRES_PASSWORD", "pw", "DATABASES.default.PASSWORD", "pw"),
    ("POSTGRES_HOST", "db", "DATABASES.default.HOST", "db"),
    ("POSTGRES_PORT", "5433", "DATABASES.default.PORT", 5433),
    ("POSTGRES_DB", "corner", "DATABASES.default.NAME", "corner"),
    ("DATABASE_SENDS_TIMEOUTS", "false", "DATABASE_SENDS_TIMEOUTS", False),
    ("SLOW_QUERY_SECONDS", "0.25", "SLOW_QUERY_SECONDS", 0.25),
    ("REDIS_URL", "redis://cache/1", "CACHES.default.LOCATION", "redis://cache/1"),
    ("CACHE_URL", "redis://cache/2", "CACHES.default.LOCATION", "redis://cache/2"),
    ("CELERY_BROKER_URL", "redis://broker/0", "CELERY_BROKER_URL", "redis://broker/0"),
    ("PASSWORD_HASHER", "bcrypt", "PASSWORD_HASHERS.0", "core.accounts.hashers.TwelveRoundsBCryptPasswordHasher"),
    ("JWT_SECRET_KEY", "j" * 40, "SIMPLE_JWT.SIGNING_KEY", "j" * 40),
    ("JWT_ACCESS_TOKEN_LIFETIME", "30", "SIMPLE_JWT.ACCESS_TOKEN_LIFETIME", timedelta(minutes=30)),
    ("JWT_ACCESS_TOKEN_LIFETIME", "0.1", "SIMPLE_JWT.ACCESS_TOKEN_LIFETIME", timedelta(seconds=6)),
    ("JWT_REFRESH_TOKEN_LIFETIME", "14", "SIMPLE_JWT.REFRESH_TOKEN_LIFETIME", timedelta(days=14)),
    ("THROTTLE_ANON", "1/second", "THROTTLE_RATES.anon", "1/second"),
    ("THROTTLE_USER", "2/minute", "THROTTLE_RATES.user", "2/minute"),
    ("THROTTLE_AUTH", "3/hour", "THROTTLE_RATES.auth", "3/hour"),
    ("LOGIN_ATTEMPTS", "2/minute,3/hour", "LOGIN_ATTEMPTS", ["2/minute", "3/hour"]),
    ("LOGIN_ATTEMPTS_ELSEWHERE", "9/hour", "LOGIN_ATTEMPTS_ELSEWHERE", ["9/hour"]),
    ("REQUIRE_VERIFIED_EMAIL", "yes", "REQUIRE_VERIFIED_EMAIL", True),
    ("ACCOUNT_PAGES_URL", "https://a.example/", "ACCOUNT_PAGES_URL", "https://a.example/"),
    ("OIDC_CLIENT_ID", "the-shop", "OIDC_CLIENT_ID", "the-shop"),
    ("OIDC_CLIENT_SECRET", "s3cret", "OIDC_CLIENT_SECRET", "s3cret"),
    ("OIDC_NAME", "Ours", "OIDC_NAME", "Ours"),
    ("OIDC_RETURN_URL", "https://a.example/in", "OIDC_RETURN_URL", "https://a.example/in"),
    ("THROTTLE_COUPON", "4/day", "THROTTLE_RATES.coupon", "4/day"),
    ("THROTTLE_CHECKOUT", "5/minute", "THROTTLE_RATES.checkout", "5/minute"),
    ("THROTTLE_REVIEW", "6/minute", "THROTTLE_RATES.review", "6/minute"),
    ("THROTTLE_EXPORT", "2/hour", "THROTTLE_RATES.export", "2/hour"),
    ("TRUSTED_PROXIES", "10.0.0.0/8,::1", "TRUSTED_PROXIES", ["10.0.0.0/8", "::1"]),
    ("LOADTEST_TOKEN", "let-me-through-please", "LOADTEST_TOKEN", "let-me-through-please"),
    ("CORS_ALLOWED_ORIGINS", "https://shop.example", "CORS_ALLOWED_ORIGINS", ["https://shop.example"]),
    ("CSRF_TRUSTED_ORIGINS", "https://shop.example", "CSRF_TRUSTED_ORIGINS", ["https://shop.example"]),
    ("STATIC_ROOT", "/srv/static", "STATIC_ROOT", Path("/srv/static")),
    ("MEDIA_URL", "https://cdn.example/", "MEDIA_URL", "https://cdn.example/"),
    ("MEDIA_ROOT", "/srv/media", "MEDIA_ROOT", Path("/srv/media")),
    ("AWS_STORAGE_BUCKET_NAME", "bucket", "STORAGES.default.BACKEND", "storages.backends.s3.S3Storage"),
    ("AWS_ACCESS_KEY_ID", "id", "AWS_ACCESS_KEY_ID", "id"),
    ("AWS_SECRET_ACCESS_KEY", "key", "AWS_SECRET_ACCESS_KEY", "key"),
    ("AWS_S3_REGION_NAME", "eu-west-1", "AWS_S3_REGION_NAME", "eu-west-1"),
    ("AWS_S3_ENDPOINT_URL", "https://s3.example", "AWS_S3_ENDPOINT_URL", "https://s3.example"),
    ("AWS_S3_CUSTOM_DOMAIN", "cdn.example", "AWS_S3_CUSTOM_DOMAIN", "cdn.example"),
    ("EMAIL_BACKEND", "own.Backend", "EMAIL_BACKEND", "own.Backend"),
    ("EMAIL_HOST", "smtp.example", "EMAIL_HOST", "smtp.example"),
    ("EMAIL_PORT", "587", "EMAIL_PORT", 587),
    ("EMAIL_HOST_USER", "user", "EMAIL_HOST_USER", "user"),
    ("EMAIL_HOST_PASSWORD", "password", "EMAIL_HOST_PASSWORD", "password"),
    ("EMAIL_USE_TLS", "true", "EMAIL_USE_TLS", True),
    ("EMAIL_USE_SSL", "1", "EMAIL_USE_SSL", True),
    ("EMAIL_TIMEOUT", "9", "EMAIL_TIMEOUT", 9),
    ("MAIL_RETENTION_DAYS", "7", "MAIL_RETENTION", timedelta(days=7)),
    ("DEFAULT_FROM_EMAIL", "a@shop.example", "DEFAULT_FROM_EMAIL", "a@shop.example"),
    ("EMAIL_MESSAGE_ID_DOMAIN", "shop.example", "EMAIL_MESSAGE_ID_DOMAIN", "shop.example"),
    ("RUNS_AT_ONCE", "3", "RUNS_AT_ONCE", 3),
    ("OPERATION_FILE_MAX_MB", "2", "OPERATION_FILE_MAX_BYTES", 2 * 1024 * 1024),
    ("METRICS_ADDRESSES", "10.1.0.0/16", "METRICS_ADDRESSES", ["10.1.0.0/16"]),
    ("METRICS_TOKEN", "scrape-me-please-1234", "METRICS_TOKEN", "scrape-me-please-1234"),
    ("SENTRY_DSN", "https://k@sentry.example/1", "SENTRY_DSN", "https://k@sentry.example/1"),
    ("LOG_LEVEL", "warning", "LOG_LEVEL", "WARNING"),
    ("LOG_FORMAT", "console", "LOG_FORMAT", "console"),
]


def found(settings: ModuleType, place: str) -> object:
    name, *path = place.split(".")
    value = getattr(settings, name)
    for key in path:
        value = value[int(key)] if key.isdigit() else value[key]
    return value


@pytest.mark.parametrize(("variable", "value", "place", "expected"), VARIABLES, ids=[row[0] for row in VARIABLES])
def test_each_variable_changes_its_setting(load, variable, value, place, expected):
    assert found(load("base"), place) != expected
    assert found(load("base", **{variable: value}), place) == expected


def test_the_table_above_has_every_variable_of_the_base_settings():
    names = set()
    for node in ast.walk(ast.parse((ROOT / "storefront/settings/base.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith("read"):
            names |= {arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant) and str(arg.value).isupper()}
    # An issuer alone is refused; with what it needs it has a test of its own.
    assert names == {row[0] for row in VARIABLES} | {"OIDC_ISSUER"}


def test_an_openid_provider_brings_its_applications(load):
    without = load("development")
    variables = {"OIDC_CLIENT_ID": "the-shop", "OIDC_RETURN_URL": "https://a.example/in"}
    having = load("development", OIDC_ISSUER="https://id.example/", SHOP_URL="https://shop.example", **variables)
    assert set(having.INSTALLED_APPS) - set(without.INSTALLED_APPS) == set(having.SOCIAL_APPS)
    assert set(having.MIDDLEWARE) - set(without.MIDDLEWARE) == {having.SOCIAL_MIDDLEWARE}
    [app] = having.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    assert (app["client_id"], app["settings"]) == ("the-shop", {"server_url": "https://id.example"})
    assert having.ACCOUNT_DEFAULT_HTTP_PROTOCOL == "https"
    assert not hasattr(without, "SOCIALACCOUNT_PROVIDERS")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DJANGO_DEBUG", "maybe"),
        ("POSTGRES_PORT", "five"),
        ("DATABASE_URL", "mysql://u:p@db/shop"),
        ("DATABASE_URL", "postgres://u:p@db:port/shop"),
        ("REDIS_URL", "http://cache"),
        ("CACHE_URL", "memcached://cache"),
        ("JWT_ACCESS_TOKEN_LIFETIME", "0"),
        ("JWT_ACCESS_TOKEN_LIFETIME", "nan"),
        ("JWT_REFRESH_TOKEN_LIFETIME", "-1"),
        ("MAX_CART_LINES", "1.5"),
        ("STANDARD_TAX_RATE", "twenty"),
        ("SHOP_TIME_ZONE", "Middle-earth/Shire"),
        ("LANGUAGE_CODE", "tlh"),
        ("SLOW_QUERY_SECONDS", "soon"),
        ("PASSWORD_HASHER", "md5"),
        ("CART_MERGE_STRATEGY", "most"),
        ("SEARCH_ENGINE", "grep"),
        ("SEARCH_LANGUAGE", "klingon"),
        ("THROTTLE_ANON", "often"),
        ("LOGIN_ATTEMPTS", "5/minute,20/second"),
        ("OIDC_ISSUER", "https://id.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("EMAIL_PORT", "smtp"),
        ("EMAIL_USE_TLS", "perhaps"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_bad_value_is_refused_by_name(load, variable, value):
    with pytest.raises(ImproperlyConfigured, match=variable) as refusal:
        load("base", **{variable: value})
    assert ":p@" not in str(refusal.value)


@pytest.mark.parametrize("variable", ["EMAIL_PORT", "DJANGO_DEBUG", "STANDARD_TAX_RATE", "SLOW_QUERY_SECONDS"])
def test_an_empty_variable_counts_as_unset(load, variable):
    (place,) = [row[2] for row in VARIABLES if row[0] == variable]
    assert found(load("base", **{variable: ""}), place) == found(load("base"), place)


@pytest.mark.parametrize(
    ("environment", "debug", "testing", "secure"),
    [
        ("development", True, False, False),
        ("testing", False, True, False),
        ("staging", False, False, True),
        ("production", False, False, True),
    ],
)
def test_each_environment_loads(load, environment, debug, testing, secure):
    settings = load(environment, **SECRETS)
    assert (debug, testing) == (settings.DEBUG, settings.TESTING)
    assert getattr(settings, "SECURE_SSL_REDIRECT", False) is secure
    assert getattr(settings, "SESSION_COOKIE_SECURE", False) is secure
    assert getattr(settings, "SECURE_HSTS_SECONDS", 0) == {"staging": 3600, "production": 31_536_000}.get(
        environment, 0
    )
    assert frozenset() == settings.DISABLED_GUARDS


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "DJANGO_SECRET_KEY"),
        (SECRETS | {"DJANGO_DEBUG": "1"}, "DJANGO_DEBUG"),
        (SECRETS | {"DJANGO_SECRET_KEY": "short"}, "DJANGO_SECRET_KEY"),
        ({"DJANGO_SECRET_KEY": "django-" * 8}, "JWT_SECRET_KEY"),
        (SECRETS | {"JWT_SECRET_KEY": "django-" * 8}, "JWT_SECRET_KEY"),
        (SECRETS | {"DJANGO_SECRET_KEY_FALLBACKS": f"{'older-' * 8},{INSECURE_SECRET_KEY}"}, "SECRET_KEY_FALLBACKS"),
    ],
)
@pytest.mark.parametrize("environment", ["staging", "production"])
def test_production_refuses_to_start_half_configured(load, environment, variables, named):
    with pytest.raises(ImproperlyConfigured, match=named):
        load(environment, **variables)


def test_production_keeps_the_earlier_keys_that_are_secret(load):
    earlier = ["older-" * 8, "oldest-" * 8]
    assert earlier == load("production", **SECRETS, DJANGO_SECRET_KEY_FALLBACKS=",".join(earlier)).SECRET_KEY_FALLBACKS


@pytest.mark.parametrize("environment", ["development", "staging", "production"])
def test_a_request_waits_ten_milliseconds_for_redis_whatever_the_environment_says(load, environment):
    assert 0 < load(environment, **SECRETS, REDIS_DEADLINE_SECONDS="1").REDIS_DEADLINE_SECONDS <= 0.01


@pytest.mark.parametrize("environment", ["base", "development", "staging", "production"])
def test_only_tests_switch_guards_off(load, environment):
    settings = load(environment, **SECRETS, DISABLED_GUARDS="stock_condition", FAULTS_FILE="faults")
    assert (frozenset(), "") == (settings.DISABLED_GUARDS, settings.FAULTS_FILE)


def test_the_toolbar_is_there_only_in_development_when_asked(load):
    def has_toolbar(environment: str, **variables: str) -> bool:
        settings = load(environment, **SECRETS, **variables)
        middleware = [*settings.MIDDLEWARE, *settings.API_MIDDLEWARE]
        present = {"debug_toolbar" in settings.INSTALLED_APPS, any("debug_toolbar" in name for name in middleware)}
        (is_present,) = present
        return is_present

    assert has_toolbar("development", DEBUG_TOOLBAR="1")
    assert not has_toolbar("development")
    assert not has_toolbar("development", DEBUG_TOOLBAR="1", DJANGO_DEBUG="0")
    assert not has_toolbar("production", DEBUG_TOOLBAR="1")


def test_silk_is_there_only_in_development_when_asked(load):
    def has_silk(environment: str, **variables: str) -> bool:
        settings = load(environment, **SECRETS, **variables)
        stacks = [*settings.MIDDLEWARE, *settings.API_MIDDLEWARE]
        (is_present,) = {
            "silk" in settings.INSTALLED_APPS,
            "silk" in settings.DATABASES,
            "core.api.profiling.ProfilingMiddleware" in stacks,
        }
        return is_present

    assert has_silk("development", SILK_PERCENT="5")
    assert not has_silk("development")
    assert not has_silk("development", SILK_PERCENT="5", DJANGO_DEBUG="0")
    assert not has_silk("staging", SILK_PERCENT="5")
    assert not has_silk("production", SILK_PERCENT="5")
    with pytest.raises(ImproperlyConfigured, match="SILK_PERCENT"):
        load("development", SILK_PERCENT="101")


def test_the_api_has_no_session_csrf_message_or_locale_middleware(load):
    names = " ".join(load("base").API_MIDDLEWARE).lower()
    for word in ("session", "csrf", "message", "locale", "auth"):
        assert word not in names


def test_sessions_of_the_admin_are_in_the_cache(load):
    assert load("base").SESSION_ENGINE == "django.contrib.sessions.backends.cached_db"


def run(*arguments: str, settings: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": f"storefront.settings.{settings}", **variables}
    for name in ("DATABASE_URL", "REDIS_URL"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_check_deploy_is_clean_under_production():
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", settings="production", **SECRETS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout


def test_check_deploy_names_a_load_test_token():
    token = {"LOADTEST_TOKEN": "a-long-load-test-token"}
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", settings="production", **SECRETS, **token)
    assert done.returncode == 1
    assert "LOADTEST_TOKEN" in done.stderr
