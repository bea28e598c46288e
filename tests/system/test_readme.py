"""The README's first order, copied and pasted."""

import re
import shutil
import subprocess
from decimal import Decimal
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from django.core.management import call_command

from market.inventory.models import Reservation
from market.orders.models import Order
from storefront.embedded.prepare import SAMPLE_CATALOG
from tests.running import WAIT_SECONDS, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
README_SHOP = "http://localhost:8000"


def first_order() -> str:
    """The shell blocks of the README's section on the first order, as one script."""
    section = re.search(r"^## First order\n(.*?)^## ", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)[1]
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL))


@pytest.mark.skipif(not shutil.which("curl"), reason="the README's session needs curl")
@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_first_order_works_as_the_readme_says(shop, tmp_path, shell):
    call_command("import_online_retail", SAMPLE_CATALOG, verbosity=0)
    script = first_order()
    assert script.count(README_SHOP) == 1
    # Only the address differs; mails lie where `make run` puts them.
    (tmp_path / ".data").mkdir()
    (tmp_path / ".data/mail").symlink_to(shop.mail_directory)

    outcome = subprocess.run(
        [shell, "-eu", "-c", script.replace(README_SHOP, shop.url)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    order = Order.objects.prefetch_related("items").get()
    (item,) = order.items.all()
    assert (order.status, order.email, item.quantity) == ("pending", "ada@example.org", 2)
    assert order.grand_total == 2 * item.unit_price + Decimal("4.95")
    assert f"Order {order.number} for {order.grand_total}" in outcome.stdout
    assert f"Subject: Your order {order.number}" in outcome.stdout.splitlines()[-1]
    assert list(Reservation.objects.values_list("reference", "quantity", "state")) == [(order.number, 2, "held")]
    # The file that the session waits for is there before the ledger's line.
    (sent,) = wait_for(
        lambda: [line for line in shop.mail_ledger() if order.number in line["subject"]], what="the line of the mail"
    )
    mail = BytesParser(policy=policy.default).parsebytes((shop.mail_directory / sent["file"]).read_bytes())
    assert mail["To"] == "ada@example.org"
    assert f"Total: {order.grand_total} GBP" in mail.get_body(("plain",)).get_content()
    assert order.number in mail.get_body(("html",)).get_content()
