"""System checks: settings that are wrong together are named."""

import pytest

from core import checks


def ids(messages) -> list[str]:
    return [message.id for message in messages]


@pytest.mark.parametrize(
    ("check", "changes", "found"),
    [
        (checks.check_testing_switches, {}, []),
        (checks.check_testing_switches, {"DISABLED_GUARDS": frozenset({"stock_condition"})}, []),
        (checks.check_testing_switches, {"DISABLED_GUARDS": frozenset({"no_such_guard"})}, ["shop.E003"]),
        (
            checks.check_testing_switches,
            {"TESTING": False, "DISABLED_GUARDS": frozenset({"stock_condition"})},
            ["shop.E001"],
        ),
        (checks.check_testing_switches, {"TESTING": False, "FAULTS_FILE": "faults"}, ["shop.E002"]),
        (checks.check_shop, {"SHOP_CURRENCY": "EUR"}, []),
        (checks.check_shop, {"SHOP_CURRENCY": "JPY"}, ["shop.E004"]),
        (checks.check_shop, {"SHOP_CURRENCY": "KWD"}, ["shop.E004"]),
        (checks.check_shop, {"SHOP_CURRENCY": "euro"}, ["shop.E004"]),
        (checks.check_shop, {"STANDARD_TAX_RATE": 20}, ["shop.E005"]),
        (checks.check_throttles, {"LOADTEST_TOKEN": "a-long-load-test-token"}, []),
        (checks.check_throttles, {"LOADTEST_TOKEN": "short"}, ["shop.E006"]),
        (checks.check_deployment, {}, []),
        (checks.check_deployment, {"LOADTEST_TOKEN": "a-long-load-test-token"}, ["shop.W001"]),
    ],
)
def test_each_check_names_what_is_wrong(settings, check, changes, found):
    for name, value in changes.items():
        setattr(settings, name, value)
    assert ids(check(None)) == found
