from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "core.operations"
    label = "operations"
    verbose_name = "Operations"
