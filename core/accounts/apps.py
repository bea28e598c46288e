from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "core.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from core.accounts.roles import sync_roles  # noqa: PLC0415 - models need the apps first

        last = [config for config in apps.get_app_configs() if config.models_module][-1]

        def make_roles(sender, **kwargs) -> None:
            """Permissions are made app by app after a migration, so that the roles come after the last."""
            if sender is last:
                sync_roles()

        post_migrate.connect(make_roles, weak=False, dispatch_uid="accounts.make_roles")
