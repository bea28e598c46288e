"""The routes of a shop with an OpenID provider."""

from core.accounts.api import social_urls
from storefront import urls

urlpatterns = [*social_urls.urlpatterns, *urls.urlpatterns]
