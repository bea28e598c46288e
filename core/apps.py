from django.apps import AppConfig
from django.conf import settings


class CoreConfig(AppConfig):
    name = "core"
    label = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        from core import checks, sentry, slow_queries  # noqa: F401, PLC0415 - the checks register themselves
        from core.logging import configure  # noqa: PLC0415

        configure(log_format=settings.LOG_FORMAT, level=settings.LOG_LEVEL, cache=not settings.TESTING)
        slow_queries.watch_connections()
        if settings.SENTRY_DSN:
            sentry.start(dsn=settings.SENTRY_DSN, environment=settings.SETTINGS_MODULE.rpartition(".")[2])
