"""Production's twin for rehearsals: the same refusals, a short HSTS."""

from storefront.settings.production import *  # noqa: F403

SECURE_HSTS_SECONDS = 3600
SECURE_HSTS_PRELOAD = False
