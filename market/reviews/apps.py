from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "market.reviews"
    label = "reviews"
    verbose_name = "Reviews"
