"""Tables that fit into a terminal: what is shown, what is left out, what is never broken."""

import io

import pytest
from rich.text import Text

from study.cli.consoles import SafeConsole
from study.report.columns import FittedTable, layout

TABLE = FittedTable(
    ("arm", "differs in", "Params (M)", "MACs (G, conv+linear)", "done"),
    [
        ["● Depth-wise Conv2d", "", "2.52", "0.030", "3/3"],
        ["  Average Pooling [x]", Text("model.reduction=average", "dim"), "12.51", "0.030", "0/3"],
    ],
    order=(0, 4, 2, 3, 1),
    right=frozenset({2, 3, 4}),
)


def printed(width: int, **options: object) -> str:
    console = SafeConsole(file=io.StringIO(), width=width, color_system=None, **options)
    console.print(TABLE)
    return console.file.getvalue()


@pytest.mark.parametrize("width", range(30, 120, 7))
def test_a_table_is_as_wide_as_the_terminal_at_most_and_its_numbers_are_whole(width):
    text = printed(width, force_terminal=True)
    assert max(map(len, text.splitlines())) <= width
    assert {"3/3", "12.51"} <= set(text.split())


def test_what_finds_no_room_is_named():
    assert "no room in 40 columns for differs in" in printed(40, force_terminal=True)


def test_a_pipe_has_every_column_on_its_lines():
    lines = printed(20).splitlines()
    assert any("12.51" in line and "0/3" in line for line in lines)
    assert "no room" not in "".join(lines)


def test_the_answer_alone_stays_where_nothing_else_fits():
    columns = [("", ["label"]), ("a", ["1" * 9]), ("b", ["2.00 [1.00, 3.00]"]), ("c", ["4" * 9])]
    assert layout(columns, (0, 2, 1, 3), 60, first=2).indices == (0, 1, 2, 3)
    assert layout(columns, (0, 2, 1, 3), 36, first=2).indices == (0, 1, 2)
    narrow = layout(columns, (0, 2, 1, 3), 16, first=2)
    assert narrow.indices == (0, 2)
    assert narrow.widths[1] >= len("[1.00,")
