"""What `make run` uses: DEBUG and readable logs unless the environment says otherwise."""

from storefront.settings.base import *  # noqa: F403
from storefront.settings.base import read

DEBUG = read("bool", "DJANGO_DEBUG", True)
LOG_FORMAT = read("str", "LOG_FORMAT", "console")
DEBUG_TOOLBAR = DEBUG and read("bool", "DEBUG_TOOLBAR", False)
