from django.apps import AppConfig


class ShippingConfig(AppConfig):
    name = "market.shipping"
    label = "shipping"
    verbose_name = "Shipping"
