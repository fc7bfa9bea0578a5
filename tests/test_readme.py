"""Figures and numbers of the README have the command beside them that makes them."""

import re

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
COMMAND = re.compile(r"study (run|report) ablations/\w+\.yaml|python benchmarks/\w+\.py")


@pytest.mark.parametrize("picture", re.findall(r"!\[[^]]*\]\(([^)]+)\)", README))
def test_a_picture_is_there_and_the_command_that_draws_it_is_above(picture):
    assert (ROOT / picture).is_file()
    above = README[: README.index(picture)].splitlines()[-40:]
    assert COMMAND.search("\n".join(above))
    assert "same command" in "\n".join(above[-4:])


@pytest.mark.parametrize(
    "table", re.findall(r"(?m)^\|.*(?:Measured|\(%\)|quiet ratio).*\|$", README)
)
def test_a_table_of_numbers_has_its_command_above(table):
    above = README[: README.index(table)].splitlines()[-25:]
    assert COMMAND.search("\n".join(above)), table
