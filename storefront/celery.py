"""The Celery application."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storefront.settings.development")

app = Celery("storefront")
app.config_from_object("tasks.celery_settings")
