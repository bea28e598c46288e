"""The token that `make run` leaves for load tests: in development alone, for its owner's eyes."""

import stat

import pytest

from storefront.embedded.commands import loadtest_token

DEVELOPMENT = {"DJANGO_SETTINGS_MODULE": "storefront.settings.development"}
PRODUCTION = {"DJANGO_SETTINGS_MODULE": "storefront.settings.production"}


def test_in_development_a_random_token_stays_over_restarts(tmp_path):
    token = loadtest_token(tmp_path, DEVELOPMENT)
    file = tmp_path / "loadtest-token"
    assert len(token) >= 32
    assert file.read_text() == f"{token}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert loadtest_token(tmp_path, DEVELOPMENT) == token


def test_a_given_token_is_the_one_that_is_left(tmp_path):
    loadtest_token(tmp_path, DEVELOPMENT)
    assert loadtest_token(tmp_path, DEVELOPMENT | {"LOADTEST_TOKEN": "given"}) == "given"
    assert (tmp_path / "loadtest-token").read_text() == "given\n"


@pytest.mark.parametrize("given", ["", "given"])
def test_elsewhere_none_is_made_up_and_none_is_left(tmp_path, given):
    loadtest_token(tmp_path, DEVELOPMENT)
    assert loadtest_token(tmp_path, PRODUCTION | {"LOADTEST_TOKEN": given}) == given
    assert not (tmp_path / "loadtest-token").exists()
