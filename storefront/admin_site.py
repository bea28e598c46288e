"""The shop's admin site."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig


class ShopAdminSite(AdminSite):
    site_title = "Storefront"
    site_header = "Storefront"
    index_title = "The shop"


class ShopAdminConfig(AdminConfig):
    default_site = "storefront.admin_site.ShopAdminSite"

    def ready(self) -> None:
        super().ready()
        import storefront.celery  # noqa: F401, PLC0415 - the schedules' pages list and send its tasks
