"""Tables for a terminal, fitted to its width."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, JustifyMethod
from rich.table import Table as Terminal
from rich.text import Text

from study.format import DIVERGED
from study.report.columns import Layout, TextColumn, is_prose, layout
from study.report.formats.labels import BASELINE, lines
from study.report.table import Cell, Table


def terminal(table: Table, width: int, *, whole: str = "", every: bool = False) -> Group:
    """The table for rich to print; labels are never read as markup.

    If the table is wider than `width`, labels, qualities and their differences come first. Columns
    that do not fit are listed below it, with the path `whole` of the complete table. With `every`
    the table keeps all columns and may be wider, for a pipe.
    """
    laid = _layout(table, width, every=every)
    caption = Text(f"{table.name}: {table.caption}")
    left = [head for index, head in enumerate(table.heads) if index + 1 not in laid.indices]
    notes = [_left_out(left, width, whole)] if left else []
    notes += [f"- {note}" for note in table.notes]
    return Group(caption, Text(), _terminal(table, laid), *(Text(note, "dim") for note in notes))


def _layout(table: Table, width: int, *, every: bool) -> Layout:
    """Which columns fit, by importance; 3 places are for the baseline's mark and its padding."""
    # Column 0 has the labels. With it, a quality and its difference always fit or are squeezed.
    order = [0, *(1 + index for index in _order(table))]
    first = 3 if any(key.endswith("-delta") for key in table.keys) else 2
    return layout(_columns(table), order, width - 3, first=first, every=every)


def _columns(table: Table) -> list[TextColumn]:
    rows = [row for block in table.blocks for row in block.rows]
    labels = [block.head for block in table.blocks] + [row.label for row in rows]
    heads = ["\n".join(lines(head)) for head in table.heads]
    texts = ([row.cells[index].text for row in rows] for index in range(len(heads)))
    return [(table.first, labels), *zip(heads, texts, strict=True)]


def _order(table: Table) -> list[int]:
    """Columns by importance: differences and their qualities, others, published numbers."""
    places = {key: index for index, key in enumerate(table.keys)}
    deltas = [key for key in table.keys if key.endswith("-delta")]
    pairs = [(delta, delta.removesuffix("-delta")) for delta in deltas]
    answer = [places[key] for pair in pairs for key in pair if key in places]
    papers = [places[key] for key in table.keys if key.endswith("-paper")]
    rest = [i for i in range(len(table.heads)) if i not in {*answer, *papers}]
    return [*answer, *rest, *papers]


def _terminal(table: Table, laid: Layout) -> Terminal:
    terminal_table = Terminal(
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        # Top, right, bottom, left, as in CSS.
        padding=(0, laid.gap - 1, 0, 0),
        width=laid.gap + 1 + laid.width,
    )
    # The baseline's mark has its own column, so that labels stay aligned.
    terminal_table.add_column("", width=1)
    columns = _columns(table)
    for index, width in zip(laid.indices, laid.widths, strict=True):
        head, texts = columns[index]
        side: JustifyMethod = "left" if index == 0 or is_prose(texts) else "right"
        # Text instead of str: rich reads square brackets of a str as markup.
        terminal_table.add_column(Text(head), justify=side, width=width, overflow="fold")
    for block in table.blocks:
        if block.head:
            terminal_table.add_row("", Text(block.head, "dim italic"))
        for row in block.rows:
            chosen = (row.cells[index - 1] for index in laid.indices[1:])
            styled = (Text(cell.text, _style(cell)) for cell in chosen)
            terminal_table.add_row(BASELINE if row.baseline else "", Text(row.label), *styled)
        terminal_table.add_section()
    return terminal_table


def _left_out(heads: list[str], width: int, whole: str) -> str:
    place = f"the whole table: {whole}" if whole else "a wider terminal shows all"
    return f"no room in {width} columns for {', '.join(heads)}; {place}"


def _style(cell: Cell) -> str:
    return "bold" if cell.bold else "yellow" if cell.text == DIVERGED else ""
