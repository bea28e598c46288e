"""Cells that a spreadsheet would run are only read."""

import csv
import io

import pytest

from core.spreadsheets import csv_lines, genuine, inert


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_are_quoted_and_come_back(cell):
    assert inert(cell) == f"'{cell}"
    assert genuine(inert(cell)) == cell
    assert list(csv.reader(io.StringIO("".join(csv_lines([[cell, 5]])), newline=""))) == [[f"'{cell}", "5"]]


@pytest.mark.parametrize("cell", ["", "5", "Children's", "'quoted'", "a=b", "'"])
def test_other_cells_stay_as_they_are(cell):
    assert inert(cell) == genuine(cell) == cell
