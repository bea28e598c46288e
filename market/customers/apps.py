from django.apps import AppConfig
from django.db.models.signals import post_save


class CustomersConfig(AppConfig):
    name = "market.customers"
    label = "customers"
    verbose_name = "Customers"

    def ready(self) -> None:
        from core.accounts.models import User  # noqa: PLC0415
        from market.customers.services import ensure_customer  # noqa: PLC0415

        def make_customer(sender, instance: User, created: bool, raw: bool = False, **kwargs) -> None:
            """The one signal of this codebase: `core` makes users and knows nothing of customers."""
            if created and not raw:
                ensure_customer(user_id=instance.pk)

        post_save.connect(make_customer, sender=User, weak=False, dispatch_uid="customers.make_customer")
