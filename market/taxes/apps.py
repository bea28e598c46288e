from django.apps import AppConfig


class TaxesConfig(AppConfig):
    name = "market.taxes"
    label = "taxes"
    verbose_name = "Taxes"
