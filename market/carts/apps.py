from django.apps import AppConfig


class CartsConfig(AppConfig):
    name = "market.carts"
    label = "carts"
    verbose_name = "Carts"
