"""`manage.py operation`: by name and parameters, with its bar, refusals in one line."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core.operations.models import Run
from market.catalog.models import Variant
from market.catalog.tests.factories import make_variant
from tasks.progress import ProgressBar, progress_text

pytestmark = pytest.mark.django_db


def test_a_dry_run_and_the_change(capsys):
    make_variant(sku="LAMP", price="10.00")
    call_command("operation", "reprice", "--percent", "10", "--dry-run")
    printed = capsys.readouterr().out
    assert "LAMP: price 10.00 -> 11.00" in printed
    assert printed.endswith("1 rows: 1 changed, 0 unchanged, 0 failed\ndry run: nothing was changed\n")
    assert str(Variant.objects.get().price) == "10.00"
    call_command("operation", "reprice", "--percent=-50", "--reason", "sale")
    printed = capsys.readouterr().out
    assert "[##############################] 100 %  1 of 1" in printed
    assert str(Variant.objects.get().price) == "5.00"
    run = Run.objects.get(dry_run=False)
    assert (run.reason, run.started_by, run.state) == ("sale", None, "finished")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "There is no such operation."),
        (["reprice"], "percent: This field is required."),
        (["reprice", "--percent", "ten"], "percent: Enter a number."),
        (["import_online_retail"], "file: Upload a file first and give its id."),
        (["import_online_retail", "--file", "nowhere.csv"], "nowhere.csv cannot be read"),
        (["reprice", "--percent", "1", "--file", str(Path(__file__))], "file: Change prices reads no file."),
    ],
)
def test_what_is_refused_is_told_in_one_line(arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command("operation", *arguments)
    assert not Run.objects.exists()


def test_failed_rows_are_written(tmp_path):
    make_variant(sku="-DEAR", price="95000000.00")
    call_command("operation", "reprice", "--percent", "10", "--failed-rows", str(tmp_path / "failed.csv"))
    assert (tmp_path / "failed.csv").read_text().splitlines()[1].startswith("'-DEAR,95000000.00,out_of_range,")


def test_without_a_name_it_tells_what_there_is(capsys):
    call_command("operation")
    assert "reprice: Change prices." in capsys.readouterr().out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_moves_in_one_line_on_a_terminal():
    terminal = Terminal()
    bar = ProgressBar(terminal)
    bar.show(done=0, total=None, rate=None, eta_seconds=None)
    bar.show(done=1, total=4, rate=None, eta_seconds=None)
    bar.show(done=4, total=4, rate=2.0, eta_seconds=0)
    bar.end()
    first, second = terminal.getvalue().split("\r")[1:]
    assert (first, second) == ("preparing", "[##############################] 100 %  4 of 4  2/s\n")
    assert progress_text(done=3, total=4, rate=1000.0, eta_seconds=61) == (
        "[######################--------]  75 %  3 of 4  1,000/s  61 s left"
    )
