"""Fixtures of the catalog's tests."""

from pathlib import Path

import pytest
from rest_framework.test import APIClient

from core.accounts.tests.factories import make_staff


@pytest.fixture
def media(settings, tmp_path) -> Path:
    """The folder of this test's own in which pictures and documents are stored."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def staff(client_of) -> APIClient:
    """A client of the API that may do everything."""
    return client_of(make_staff())
