"""The shop's admin site."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig


class ShopAdminSite(AdminSite):
    site_title = "Storefront"
    site_header = "Storefront"
    index_title = "The shop"


class ShopAdminConfig(AdminConfig):
    default_site = "storefront.admin_site.ShopAdminSite"
