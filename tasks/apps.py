from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "tasks"
    label = "tasks"
    verbose_name = "Background work"

    def ready(self) -> None:
        import tasks.handlers  # noqa: F401, PLC0415 - registers who reacts to what
