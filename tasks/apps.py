from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "tasks"
    label = "tasks"
    verbose_name = "Background work"

    def ready(self) -> None:
        from tasks import checks, counting, handlers, metrics  # noqa: F401, PLC0415 - they register themselves
        from tasks.operations import (  # noqa: F401, PLC0415
            generate_coupons,
            import_online_retail,
            import_past_orders,
            recompute_memberships,
            reprice,
            simulate_promotion,
        )
