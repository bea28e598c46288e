"""Settings shared by every environment.

Every variable that is read here is described in `.env.example`.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from core.logging import logging_settings
from storefront.settings.mails import OPTIONAL_MAILS  # noqa: F401 - a setting
from storefront.settings.openapi import SPECTACULAR_SETTINGS  # noqa: F401 - a setting
from storefront.settings.reading import BASE_DIR, env, read, read_networks, read_positive, read_rate, read_rates
from storefront.settings.roles import STAFF_ROLES  # noqa: F401 - a setting
from storefront.settings.social import SOCIAL_APPS, SOCIAL_MIDDLEWARE, social_settings

# --- What kind of environment this is -------------------------------------------------------
INSECURE_SECRET_KEY = "insecure-development-key-never-used-in-production"
DEBUG = read("bool", "DJANGO_DEBUG", False)
SECRET_KEY = read("str", "DJANGO_SECRET_KEY", INSECURE_SECRET_KEY)
SECRET_KEY_FALLBACKS = read("list", "DJANGO_SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = read("list", "DJANGO_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
DATA_DIR = Path(read("str", "DATA_DIR", str(BASE_DIR / ".data"))).resolve()
TESTING = False
# Only tests set these two; `core.checks` refuses them elsewhere.
DISABLED_GUARDS: frozenset[str] = frozenset()
FAULTS_FILE = ""

# --- The shop ---------------------------------------------------------------------------------
SHOP_NAME = read("str", "SHOP_NAME", "Storefront")
SHOP_URL = read("str", "SHOP_URL", "http://localhost:8000")
SHOP_CURRENCY = read("str", "SHOP_CURRENCY", "GBP")
STANDARD_TAX_RATE = read("decimal", "STANDARD_TAX_RATE", "0.2000")
PRICES_INCLUDE_TAX = read("bool", "PRICES_INCLUDE_TAX", True)
DEFAULT_COUNTRY = read("str", "DEFAULT_COUNTRY", "GB")
SHOP_TIME_ZONE = read("time zone", "SHOP_TIME_ZONE", "UTC")
MAX_CART_QUANTITY = read_positive("MAX_CART_QUANTITY", 10_000)
MAX_CART_LINES = read_positive("MAX_CART_LINES", 100)
# What a line has whose variant stands in both carts when a cart is claimed (market.carts.rules).
CART_MERGE_STRATEGY = read("str", "CART_MERGE_STRATEGY", "sum")
if CART_MERGE_STRATEGY not in {"sum", "newest", "larger", "keep_both"}:
    raise ImproperlyConfigured(
        f"CART_MERGE_STRATEGY must be sum, newest, larger or keep_both, not {CART_MERGE_STRATEGY!r}"
    )
CART_LIFETIME = timedelta(days=read_positive("CART_LIFETIME_DAYS", 30))
PAYMENT_PROVIDERS = read("list", "PAYMENT_PROVIDERS", ["manual"])
# How long an unpaid order keeps its stock; a bank transfer takes days, a card minutes.
MANUAL_PAYMENT_DEADLINE = timedelta(hours=read_positive("MANUAL_PAYMENT_DEADLINE_HOURS", 72))
ERASURE_GRACE = timedelta(days=read_positive("ERASURE_GRACE_DAYS", 14))  # signing in meanwhile keeps the account
ERASED_DOMAIN = "erased.invalid"  # stands in their addresses; no mail goes there (RFC 2606)
BANK_TRANSFER_INSTRUCTIONS = read(
    "str", "BANK_TRANSFER_INSTRUCTIONS", "Please transfer the total and give the order number as reference."
)
IDEMPOTENCY_KEY_LIFETIME = timedelta(hours=24)
REVIEW_REQUIRES_PURCHASE = read("bool", "REVIEW_REQUIRES_PURCHASE", False)
# Words and phrases that staff look at before the public does.
REVIEW_FORBIDDEN_WORDS = read("list", "REVIEW_FORBIDDEN_WORDS", ["viagra", "casino", "bitcoin", "whatsapp", "telegram"])
# How long after its delivery an order's customer is asked for reviews.
REVIEW_REQUEST_DELAY = timedelta(days=read_positive("REVIEW_REQUEST_DAYS", 7))
MEMBERSHIP_GRACE = timedelta(days=read_positive("MEMBERSHIP_GRACE_DAYS", 30))  # a tier is kept after too little spent

# --- Search ---------------------------------------------------------------------------------
SEARCH_ENGINE = read("str", "SEARCH_ENGINE", "postgres")
if SEARCH_ENGINE not in {"postgres", "opensearch"}:
    raise ImproperlyConfigured(f"SEARCH_ENGINE must be postgres or opensearch, not {SEARCH_ENGINE!r}")
# Those that every supported PostgreSQL has a stemmer for.
_LANGUAGES = (
    "arabic armenian basque catalan danish dutch english finnish french german greek hindi hungarian indonesian"
    " irish italian lithuanian nepali norwegian portuguese romanian russian serbian spanish swedish tamil turkish"
)
SEARCH_LANGUAGE = read("str", "SEARCH_LANGUAGE", "english")
if SEARCH_LANGUAGE not in _LANGUAGES.split():
    raise ImproperlyConfigured(f"SEARCH_LANGUAGE must be one of {_LANGUAGES}, not {SEARCH_LANGUAGE!r}")
OPENSEARCH_URL = read("str", "OPENSEARCH_URL", "http://127.0.0.1:9200")
OPENSEARCH_INDEX = read("str", "OPENSEARCH_INDEX", "storefront-products")
# How old the words may be that a process knows; typos in newer ones are not mended yet.
SEARCH_VOCABULARY_SECONDS = 5.0

# --- Applications -----------------------------------------------------------------------------
INSTALLED_APPS = [
    "storefront.admin_site.ShopAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "csp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "core",
    "core.accounts",
    "core.outbox",
    "core.notifications",
    "core.operations",
    "market.taxes",
    "market.catalog",
    "market.inventory",
    "market.customers",
    "market.shipping",
    "market.pricing",
    "market.carts",
    "market.orders",
    "market.payments",
    "market.checkout",
    "market.reviews",
    "tasks",
]

# Two stacks in one process (storefront/wsgi.py): the API carries no session, CSRF, message or
# locale middleware. Each of them costs up to a third of a bare view.
API_PREFIXES = ("/api/", "/health/", "/metrics")
API_MIDDLEWARE = [
    "core.api.middleware.RequestLogMiddleware",
    "core.api.compression.CompressionMiddleware",
    "core.api.deadlines.DatabaseDeadlineMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.api.middleware.SafeSlashMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
MIDDLEWARE = [
    "core.api.middleware.RequestLogMiddleware",
    "core.api.deadlines.DatabaseDeadlineMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "storefront.urls"
WSGI_APPLICATION = "storefront.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database ---------------------------------------------------------------------------------
DATABASE_URL = read("str", "DATABASE_URL", "")
if not DATABASE_URL:
    DATABASE_URL = "postgres://{user}:{password}@{host}:{port}/{name}".format(
        user=read("str", "POSTGRES_USER", "postgres"),
        password=read("str", "POSTGRES_PASSWORD", ""),
        host=read("str", "POSTGRES_HOST", "127.0.0.1"),
        port=read("int", "POSTGRES_PORT", 5432),
        name=read("str", "POSTGRES_DB", "storefront"),
    )
try:
    DATABASES = {"default": env.db_url_config(DATABASE_URL)}
except (ValueError, KeyError) as error:
    raise ImproperlyConfigured("DATABASE_URL is not a valid database URL") from error
if DATABASES["default"].get("ENGINE") != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must be a postgres:// URL: the shop runs on PostgreSQL only")
for _option in ("pool", "isolation_level"):
    if _option in DATABASES["default"].get("OPTIONS", {}):
        raise ImproperlyConfigured(f"DATABASE_URL may not set {_option}")
DATABASES["default"] |= {
    "ENGINE": "core.postgres",
    # A connection per request costs ten times the request; prepared statements halve PostgreSQL's CPU.
    "CONN_MAX_AGE": None,
    "OPTIONS": DATABASES["default"].get("OPTIONS", {})
    | {"server_side_binding": True, "prepare_threshold": 5, "connect_timeout": 3},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# What one wait of a request may take. The server ends a statement or a wait for a lock earlier, so
# that the client's own deadline is met only by a server that is frozen or unreachable.
DATABASE_DEADLINE_SECONDS = 4.0
DATABASE_STATEMENT_SECONDS = 3.0
DATABASE_LOCK_SECONDS = 2.0
# PgBouncer refuses connections that carry these; then the role has to (docs/operations.md).
DATABASE_SENDS_TIMEOUTS = read("bool", "DATABASE_SENDS_TIMEOUTS", True)
SLOW_QUERY_SECONDS = read("float", "SLOW_QUERY_SECONDS", 0.5)

# --- Redis or Valkey: cache, broker -----------------------------------------------------------
REDIS_URL = read("str", "REDIS_URL", "redis://127.0.0.1:6379/0")
CACHE_URL = read("str", "CACHE_URL", REDIS_URL)
for _name, _url in {"REDIS_URL": REDIS_URL, "CACHE_URL": CACHE_URL}.items():
    if urlsplit(_url).scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured(f"{_name} must begin with redis://, rediss:// or unix://")
BROKER_URL = read("str", "CELERY_BROKER_URL", REDIS_URL)
CACHES = {"default": {"BACKEND": "core.quick_cache.QuickCache", "LOCATION": CACHE_URL, "KEY_PREFIX": "shop"}}
# Rows that the cache holds for a minute: staff stay signed in without it.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# --- Users and tokens -------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["core.accounts.backends.CountedBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "core.accounts.validators.SignsOutOnChange"},
]
# The first hashes new passwords; hashes of the others still open and are renewed at the next login.
_HASHERS = {
    "argon2": "core.accounts.hashers.TunedArgon2PasswordHasher",
    "bcrypt": "core.accounts.hashers.TwelveRoundsBCryptPasswordHasher",
}
PASSWORD_HASHER = read("str", "PASSWORD_HASHER", "argon2")
if PASSWORD_HASHER not in _HASHERS:
    raise ImproperlyConfigured(f"PASSWORD_HASHER must be argon2 or bcrypt, not {PASSWORD_HASHER!r}")
PASSWORD_HASHERS = [
    _HASHERS[PASSWORD_HASHER],
    *(path for name, path in _HASHERS.items() if name != PASSWORD_HASHER),
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
PASSWORD_RESET_TIMEOUT = 3600
REQUIRE_VERIFIED_EMAIL = read("bool", "REQUIRE_VERIFIED_EMAIL", False)
ACCOUNT_PAGES_URL = read("str", "ACCOUNT_PAGES_URL", "")
# Sign-in with another account, off until an issuer is named. Turning it on brings tables: migrate.
OIDC_ISSUER = read("str", "OIDC_ISSUER", "").rstrip("/")
OIDC_CLIENT_ID = read("str", "OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = read("str", "OIDC_CLIENT_SECRET", "")
OIDC_NAME = read("str", "OIDC_NAME", "Single sign-on")
OIDC_RETURN_URL = read("str", "OIDC_RETURN_URL", "")
if OIDC_ISSUER:
    if not (OIDC_CLIENT_ID and OIDC_RETURN_URL):
        raise ImproperlyConfigured("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_RETURN_URL")
    INSTALLED_APPS = [*SOCIAL_APPS, *INSTALLED_APPS]
    MIDDLEWARE = [*MIDDLEWARE, SOCIAL_MIDDLEWARE]
    globals().update(
        social_settings(
            issuer=OIDC_ISSUER,
            client_id=OIDC_CLIENT_ID,
            client_secret=OIDC_CLIENT_SECRET,
            name=OIDC_NAME,
            shop_url=SHOP_URL,
        )
    )
# What a request's one user lookup brings along; `core` does not know the shop's side of a user.
AUTH_USER_SELECT_RELATED = ("customer",)
JWT_SECRET_KEY = read("str", "JWT_SECRET_KEY", INSECURE_SECRET_KEY)
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": JWT_SECRET_KEY,
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=read_positive("JWT_ACCESS_TOKEN_LIFETIME", 15, "float")),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=read_positive("JWT_REFRESH_TOKEN_LIFETIME", 7)),
    "AUTH_HEADER_TYPES": ("Bearer", "JWT"),
    "UPDATE_LAST_LOGIN": False,
}

# --- The API ----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["core.accounts.api.authentication.UserAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.IsStaffWithModelPermission"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.renderers.JSONRenderer", "core.api.renderers.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.LimitOffsetPagination",
    "DEFAULT_FILTER_BACKENDS": ["core.api.filters.StrictFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": ["core.api.throttles.ScopedThrottle"],
    "DEFAULT_SCHEMA_CLASS": "core.api.openapi.ProblemAutoSchema",
    "DEFAULT_METADATA_CLASS": "core.api.metadata.PlainMetadata",
    "EXCEPTION_HANDLER": "core.api.errors.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    # `Accept` alone chooses the form; `format` is a query parameter like any other unknown one.
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
}
# Passwords tried for one account: from one place, and from all together where it never signed in.
LOGIN_ATTEMPTS = read_rates("LOGIN_ATTEMPTS", ["5/minute", "10/15 minutes", "20/4 hours"])
LOGIN_ATTEMPTS_ELSEWHERE = read_rates("LOGIN_ATTEMPTS_ELSEWHERE", ["30/15 minutes", "100/day"])
THROTTLE_RATES = {
    "anon": read_rate("THROTTLE_ANON", "600/minute"),
    "user": read_rate("THROTTLE_USER", "1200/minute"),
    "auth": read_rate("THROTTLE_AUTH", "20/minute"),
    "coupon": read_rate("THROTTLE_COUPON", "20/minute"),
    "checkout": read_rate("THROTTLE_CHECKOUT", "60/minute"),
    "review": read_rate("THROTTLE_REVIEW", "30/minute"),
    "export": read_rate("THROTTLE_EXPORT", "5/day"),
}
# What one request may wait for Redis is 20 ms; half of it is left for a busy machine to run us again.
REDIS_DEADLINE_SECONDS = 0.01
TRUSTED_PROXIES = read_networks("TRUSTED_PROXIES")
OUTBOUND_PRIVATE_NETWORKS = read_networks("OUTBOUND_PRIVATE_NETWORKS")
LOADTEST_TOKEN = read("str", "LOADTEST_TOKEN", "")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# The largest form of the admin: a zone of 500 areas has 3,000 fields.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
CORS_ALLOWED_ORIGINS = read("list", "CORS_ALLOWED_ORIGINS", ["http://localhost:3000"])
CORS_ALLOW_HEADERS = ("accept", "authorization", "content-type", "idempotency-key", "x-order-token", "x-request-id")
CORS_EXPOSE_HEADERS = ("idempotent-replayed", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id", "etag")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'"],
        "worker-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# --- HTTPS (production turns these on) --------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = read("list", "CSRF_TRUSTED_ORIGINS", [])

# --- Language and time ------------------------------------------------------------------------
LANGUAGE_CODE = read("language", "LANGUAGE_CODE", "en")
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# --- Static files and media -------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(read("str", "STATIC_ROOT", str(BASE_DIR / "staticfiles")))
MEDIA_URL = read("str", "MEDIA_URL", "/media/")
MEDIA_ROOT = Path(read("str", "MEDIA_ROOT", str(BASE_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Names carry a hash, so that nobody asks for the plain ones; packing neither these nor source maps
# makes collecting take 8 s of CPU instead of 37.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Served under their own names: what browsers ask for unasked.
WHITENOISE_ROOT = BASE_DIR / "storefront/root"
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "png", "jpg", "jpeg", "gif", "webp", "ico", "woff", "woff2", "gz", "br")
IMAGE_MAX_BYTES = read_positive("IMAGE_MAX_KB", 10 * 1024) * 1024
DOCUMENT_MAX_BYTES = read_positive("DOCUMENT_MAX_KB", 10 * 1024) * 1024
AWS_STORAGE_BUCKET_NAME = read("str", "AWS_STORAGE_BUCKET_NAME", "")
AWS_ACCESS_KEY_ID = read("str", "AWS_ACCESS_KEY_ID", "")
AWS_SECRET_ACCESS_KEY = read("str", "AWS_SECRET_ACCESS_KEY", "")
AWS_S3_REGION_NAME = read("str", "AWS_S3_REGION_NAME", "")
AWS_S3_ENDPOINT_URL = read("str", "AWS_S3_ENDPOINT_URL", "") or None
AWS_S3_CUSTOM_DOMAIN = read("str", "AWS_S3_CUSTOM_DOMAIN", "") or None
if AWS_STORAGE_BUCKET_NAME:
    STORAGES["default"] = {"BACKEND": "storages.backends.s3.S3Storage"}

# --- Mail (always over SMTP; tests and `make run` have a loopback sink) -----------------------
EMAIL_BACKEND = read("str", "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = read("str", "EMAIL_HOST", "127.0.0.1")
EMAIL_PORT = read("int", "EMAIL_PORT", 1025)
EMAIL_HOST_USER = read("str", "EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = read("str", "EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = read("bool", "EMAIL_USE_TLS", False)
EMAIL_USE_SSL = read("bool", "EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = read_positive("EMAIL_TIMEOUT", 4)
DEFAULT_FROM_EMAIL = read("str", "DEFAULT_FROM_EMAIL", "Storefront <shop@storefront.example>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_MESSAGE_ID_DOMAIN = read("str", "EMAIL_MESSAGE_ID_DOMAIN", "storefront.example")

# --- Background work --------------------------------------------------------------------------
CELERY_BROKER_URL = BROKER_URL
CELERY_TIMEZONE = "UTC"
BROKER_REDELIVERY = True
CELERY_BEAT_SCHEDULER = "tasks.scheduler:SlotClaimingScheduler"
DELIVERY_LEASE = timedelta(seconds=10)
DELIVERY_ATTEMPTS = 5
EVENT_RETENTION = timedelta(days=30)
# An operation's run: how long its worker may be silent, when it makes room for others, how often it
# may fail without getting on, and how many of them work at the same time.
RUN_LEASE = timedelta(seconds=10)
RUN_YIELD = timedelta(seconds=30)
RUN_ATTEMPTS = 5
RUNS_AT_ONCE = read_positive("RUNS_AT_ONCE", 1)
OPERATION_FILE_MAX_BYTES = read_positive("OPERATION_FILE_MAX_MB", 50) * 1024 * 1024
MAIL_RETENTION = timedelta(days=read_positive("MAIL_RETENTION_DAYS", 90))

# --- Errors and logs --------------------------------------------------------------------------
SENTRY_DSN = read("str", "SENTRY_DSN", "")
# Who may read /metrics: these addresses, and whoever has the token.
METRICS_ADDRESSES = read_networks("METRICS_ADDRESSES", ["127.0.0.0/8", "::1"])
METRICS_TOKEN = read("str", "METRICS_TOKEN", "")
LOG_LEVEL = read("str", "LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    raise ImproperlyConfigured(f"LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR or CRITICAL, not {LOG_LEVEL!r}")
LOG_FORMAT = read("str", "LOG_FORMAT", "json")
if LOG_FORMAT not in {"json", "console"}:
    raise ImproperlyConfigured(f"LOG_FORMAT must be json or console, not {LOG_FORMAT!r}")
LOGGING = logging_settings(LOG_FORMAT, LOG_LEVEL)
