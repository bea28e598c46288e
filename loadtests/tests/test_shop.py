"""Where the lab finds the shop and its token."""

import pytest

from loadtests import shop


@pytest.fixture
def data(monkeypatch, tmp_path):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.delenv("LOADTEST_TOKEN", raising=False)
    return tmp_path


def test_the_token_is_the_variable_else_what_make_run_left(data, monkeypatch):
    assert shop.loadtest_token() == ""
    (data / "loadtest-token").write_text("left-by-make-run\n")
    assert shop.loadtest_token() == "left-by-make-run"
    monkeypatch.setenv("LOADTEST_TOKEN", "given")
    assert shop.loadtest_token() == "given"


def test_what_is_written_in_the_env_file_counts_after_the_environment(data, monkeypatch, tmp_path):
    monkeypatch.setattr(shop, "ROOT", tmp_path)
    (tmp_path / ".env").write_text("#PORT=1\nPORT=8123\nLOADTEST_TOKEN='quoted'\n")
    monkeypatch.delenv("PORT", raising=False)
    assert shop.shop_url() == "http://localhost:8123"
    assert shop.loadtest_token() == "quoted"
    monkeypatch.setenv("PORT", "9000")
    assert shop.shop_url() == "http://localhost:9000"


def test_the_servers_are_those_that_make_run_wrote_down(data):
    assert shop.running_environment() == {}
    (data / "environment").write_text("DATABASE_URL='postgres://postgres@/storefront?host=/tmp/x'\nREDIS_URL='r'\n")
    assert shop.running_environment() == {
        "DATABASE_URL": "postgres://postgres@/storefront?host=/tmp/x",
        "REDIS_URL": "r",
    }
