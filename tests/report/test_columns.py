"""Tables fold to the width of a terminal: every column is there, and no number is broken."""

import io

import pytest
from rich.text import Text

from study.cli.consoles import SafeConsole
from study.report.columns import FoldedTable, layouts

HEADS = ("  arm", "differs in", "Params (M)", "MACs (G, conv+linear)", "done")
ROWS = [
    ["● Depth-wise Conv2d", "", "2.52", "0.030", "3/3"],
    ["  Average Pooling [x]", Text("model.reduction=average", "dim"), "12.51", "0.031", "0/3"],
]
RIGHT = frozenset({2, 3, 4})
TABLE = FoldedTable(HEADS, [("", ROWS)], order=(0, 4, 2, 3, 1), right=RIGHT, marked=True)


def printed(width: int, table: FoldedTable = TABLE, **options: object) -> str:
    console = SafeConsole(file=io.StringIO(), width=width, color_system=None, **options)
    console.print(table)
    return console.file.getvalue()


@pytest.mark.parametrize("width", range(30, 120, 7))
def test_a_table_is_as_wide_as_the_terminal_at_most_and_its_numbers_are_whole(width):
    text = printed(width, force_terminal=True)
    assert max(map(len, text.splitlines())) <= width
    assert {"2.52", "0.030", "3/3", "12.51", "0.031", "0/3"} <= set(text.split())
    assert "model.reduction=" in text


def test_what_finds_no_room_stands_in_a_table_below_with_its_labels():
    text = printed(40, force_terminal=True)
    assert text.index("done") < text.index("differs in")
    assert text.count("Average") > 1


def test_a_row_with_nothing_to_show_is_left_out_of_a_later_table():
    later = printed(40, force_terminal=True).partition("differs in")[2]
    assert "Average" in later
    assert "Depth-wise" not in later


def test_a_heading_of_a_block_may_be_longer_than_its_labels():
    table = FoldedTable(("", "a"), [("a heading of several words", [["x", "1"]])], (0, 1), RIGHT)
    assert "a heading of several words" in printed(40, table, force_terminal=True)


def test_further_lines_of_a_label_stand_below_its_first():
    table = FoldedTable(HEADS[:1], [("", [["● Depth-wise Conv2d"]])], (0,), RIGHT, marked=True)
    lines = [line.rstrip() for line in printed(14, table, force_terminal=True).splitlines()]
    assert lines[-2:] == ["● Depth-wise", "  Conv2d"]


def test_an_interval_begins_a_line_and_is_not_broken():
    row = ["label of an arm", "8293 (×2.569 [2.551, 2.588])"]
    table = FoldedTable(("", "Speed"), [("", [row])], (0, 1), frozenset({1}))
    lines = printed(36, table, force_terminal=True).splitlines()
    assert [line.strip() for line in lines[-2:]][-1].endswith("[2.551, 2.588])")


def test_a_pipe_has_every_column_on_its_lines():
    lines = printed(20).splitlines()
    assert any("12.51" in line and "0/3" in line for line in lines)


def test_the_first_table_has_the_most_important_columns():
    columns = [("", ["label"]), ("a", ["1" * 9]), ("b", ["2.00 [1.00, 3.00]"]), ("c", ["4" * 9])]

    def groups(width: int) -> list[tuple[int, ...]]:
        return [layout.indices for layout in layouts(columns, (0, 2, 1, 3), width)]

    assert groups(60) == [(0, 1, 2, 3)]
    assert groups(36) == [(0, 1, 2), (0, 3)]
    assert groups(24) == [(0, 2), (0, 1), (0, 3)]


def test_columns_that_name_a_row_are_in_every_table():
    columns = [(head, ["1" * 9]) for head in "abcd"]
    laid = layouts(columns, (0, 1, 2, 3), 35, keys=2)
    assert [layout.indices for layout in laid] == [(0, 1, 2), (0, 1, 3)]
