from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "tasks"
    label = "tasks"
    verbose_name = "Background work"

    def ready(self) -> None:
        from tasks import checks, handlers, metrics  # noqa: F401, PLC0415 - they register themselves
        from tasks.operations import import_online_retail, reprice  # noqa: F401, PLC0415
