from django.apps import AppConfig


class PricingConfig(AppConfig):
    name = "market.pricing"
    label = "pricing"
    verbose_name = "Pricing"
