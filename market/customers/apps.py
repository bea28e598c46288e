from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "market.customers"
    label = "customers"
    verbose_name = "Customers"
