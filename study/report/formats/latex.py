"""Tables in LaTeX with booktabs: a table environment or its tabular, with siunitx on request."""

import re
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import NamedTuple

from study.report import print_width
from study.report.formats.labels import label
from study.report.formats.latex_parts import parts
from study.report.formats.latex_text import breakable, escaped, printed
from study.report.print_width import lines
from study.report.table import Cell, Row, Table, TableBlock

SIZE = r"\fontsize{8}{9.6}\selectfont\setlength{\tabcolsep}{3pt}"
"""The size of the text, whatever the paper's, and half of the gap between columns."""
SMALL = r"\fontsize{7}{8.4}\selectfont\raggedright"
INDENT = 0.8  # em of the later lines of a label
# Shrinks a table that is wider than its column, and never enlarges one. A paper without graphicx
# can compile it all the same.
FITTED = r"""\ifx\resizebox\undefined\def\studyfit#1{#1}\else
\def\studyfit#1{\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{#1}}\fi
\studyfit{%"""
NEEDS = "% needs \\usepackage{{{}}}; graphicx shrinks what is wider than its column"

Columns = Callable[[Table], Sequence["LatexColumn"]]


def latex(table: Table) -> str:
    """A table environment over one column or both; a tall table is several, with one number."""
    return "".join(_float(part, continued=bool(n)) for n, part in enumerate(_parts(table)))


def _parts(table: Table) -> list[Table]:
    # Not a longtable, which is an error in a paper of two columns and cannot be shrunk.
    return parts(table, label_room(table))


def _named(table: Table) -> str:
    # \label takes no special characters.
    name = re.sub(r"[^A-Za-z0-9-]", "-", table.name)
    return rf"\caption{{{breakable(table.caption)}}}\label{{tab:{name}}}"


def _float(table: Table, *, continued: bool) -> str:
    body, narrow = _tabular(table, _plain(table)).rstrip(), fits_column(table)
    notes, star = " ".join(map(breakable, table.notes)), "" if narrow else "*"
    again = r"\addtocounter{table}{-1}\caption[]{Continued.}"
    minipage = rf"\par\smallskip\begin{{minipage}}{{\linewidth}}{SMALL}"
    lines = [
        NEEDS.format("booktabs"),
        rf"\begin{{table{star}}}",
        r"\centering",
        again if continued else _named(table),
        rf"\par\smallskip{SIZE}",
        f"{FITTED}\n{body}}}",
        *([minipage, notes, r"\end{minipage}"] if notes else []),
        rf"\end{{table{star}}}",
    ]
    return "\n".join(lines) + "\n"


def fits_column(table: Table) -> bool:
    """True if the table has room in one column of a paper, with long labels in lines."""
    # A label may be broken, yet not into lines of a few letters.
    least = min(print_width.LABEL, _longest(table))
    return table.narrow and _room(table, print_width.COLUMN) >= least


def fragment(table: Table) -> str:
    """The tabular alone, for \\input into the author's own environment."""
    return _alone("booktabs", table, _plain)


def siunitx(table: Table) -> str:
    """The tabular alone, with numbers aligned at their decimal points by siunitx."""
    return _alone("booktabs,siunitx", table, _aligned)


def _alone(packages: str, table: Table, columns: Columns) -> str:
    """The tabular; a tall one is several, between which a page may end."""
    several, narrow = _parts(table), fits_column(table)
    body = "\n\\par\\smallskip\n".join(_sized(part, columns) for part in several)
    if len(several) > 1:
        # Behind the line that sets the size, whose end would else be a space.
        body = body.replace(f"{SIZE}\n", f"{SIZE}\n\\noindent\n")
    place = "" if narrow else "; in a table* of a two-column paper"
    place = place if len(several) == 1 else "; not in a table"
    return f"{NEEDS.format(packages)}{place}\n{body}\n"


def _sized(table: Table, columns: Columns) -> str:
    # The size of the text is set inside, since an author's environment has another one.
    body = _tabular(table, columns(table)).rstrip()
    return f"{{{SIZE}\n{FITTED}\n{body}}}}}"


# ---- columns ----


class LatexColumn(NamedTuple):
    """A column of the table, which takes one or two columns in LaTeX."""

    spec: str
    head: str
    texts: tuple[str, ...]
    """Text by row, with as many LaTeX columns as `spec` has."""
    width: int = 1
    """Number of LaTeX columns."""


def _plain(table: Table) -> list[LatexColumn]:
    return [
        LatexColumn("r", _head(head), tuple(_cell(cell) for cell in column))
        for head, column in zip(table.heads, _columns(table), strict=True)
    ]


def _columns(table: Table) -> Iterator[tuple[Cell, ...]]:
    rows = [row.cells for row in table.rows]
    return iter(list(zip(*rows, strict=True)) or [() for _ in table.heads])


NUMBER = re.compile(r"([+−]?)(\d+)(?:\.(\d+))?(?![\d.])(.*)", re.DOTALL)


def _aligned(table: Table) -> list[LatexColumn]:
    """Columns in which a leading number has a column of its own, aligned by siunitx."""
    return [
        _split(head, column)
        if any(NUMBER.fullmatch(cell.text) for cell in column)
        else LatexColumn("r", _head(head), tuple(_cell(cell) for cell in column))
        for head, column in zip(table.heads, _columns(table), strict=True)
    ]


def _split(head: str, column: Sequence[Cell]) -> LatexColumn:
    matches = [match for cell in column if (match := NUMBER.fullmatch(cell.text))]
    sign = "+" if any(match[1] for match in matches) else ""
    whole, digits = (max(len(match[n] or "") for match in matches) for n in (2, 3))
    # text mode keeps the font of the paper, and `reset-text-series=false` lets \bfseries through.
    # Without `retain-explicit-plus` a positive difference would lose its sign.
    options = (
        f"table-format={sign}{whole}.{digits},mode=text,reset-text-series=false"
        f"{',retain-explicit-plus' if sign else ''}"
    )
    texts = tuple(_number(cell) for cell in column)
    return LatexColumn(
        f"S[{options}]@{{\\,}}l", rf"\multicolumn{{2}}{{r}}{{{_head(head)}}}", texts, 2
    )


def _number(cell: Cell) -> str:
    match = NUMBER.fullmatch(cell.text)
    if not match:
        # Braces keep siunitx from parsing a cell that is no number.
        return rf"{{{_cell(cell)}}} &"
    sign, whole, digits, rest = match.groups()
    # siunitx reads the ASCII hyphen as a minus sign, not the typographic one.
    number = f"{sign.replace('−', '-')}{whole}{'.' + digits if digits else ''}"
    bold = r"\bfseries " if cell.bold else ""
    # siunitx takes the switch \bfseries before a number, but not \textbf with an argument.
    return rf"{bold}{number} & {bold}{escaped(rest.strip())}".rstrip()


# ---- rows ----


def _tabular(table: Table, columns: Sequence[LatexColumn]) -> str:
    spec = "".join(column.spec for column in columns)
    first = _head(table.first, "l") if table.first else ""
    heads = " & ".join([first, *(column.head for column in columns)])
    room = label_room(table)
    # In points: an em of Computer Modern is 6 % wider than the size of its type.
    width = "l" if room == inf else rf"p{{{room * print_width.POINTS:.0f}pt}}"
    body = "".join(_rows(table.blocks, columns, room))
    return (
        rf"\begin{{tabular}}{{@{{}}{width}{spec}@{{}}}}" + "\n\\toprule\n"
        rf"{heads} \\" + "\n\\midrule\n" + body + "\\bottomrule\n\\end{tabular}\n"
    )


def label_room(table: Table) -> float:
    """The em of the column of labels; infinite if all labels fit on one line.

    Long ones are broken into lines, so that numbers keep their size.
    """
    room = _room(table, print_width.COLUMN)
    if not fits_column(table):
        # At most a third of a page, so that numbers of a wide table are not shrunk for labels.
        third = print_width.PAGE / 3 * print_width.POINTS_PER_INCH / print_width.POINTS
        room = min(third, _room(table, print_width.PAGE))
    room = max(print_width.LABEL, room)
    return inf if _longest(table) <= room else room


def _longest(table: Table) -> float:
    """The em of the longest label, or of the heading above them."""
    texts = [*(printed(label(row)) for row in table.rows), *lines(table.first)]
    return max(map(print_width.em, texts), default=0.0)


def _room(table: Table, width: float) -> float:
    """The em that the columns of numbers leave for labels in a width of so many inches."""
    columns = [
        [*map(printed, lines(head)), *(printed(cell.text) for cell in column)]
        for head, column in zip(table.heads, _columns(table), strict=True)
    ]
    return print_width.room(columns, width)


def _rows(
    blocks: Sequence[TableBlock], columns: Sequence[LatexColumn], room: float
) -> Iterator[str]:
    """The lines of all blocks; each block begins with a rule and the name of its factor."""
    number, count = 0, 1 + sum(column.width for column in columns)
    for index, block in enumerate(blocks):
        yield "\\midrule\n" if index else ""
        if block.head:
            # Over all columns, so that it does not widen that of the labels.
            head = rf"\itshape {escaped(block.head)}"
            yield rf"\multicolumn{{{count}}}{{@{{}}l@{{}}}}{{{head}}} \\" + "\n"
        for row in block.rows:
            yield _row(row, [column.texts[number] for column in columns], room)
            number += 1


def _row(row: Row, texts: Sequence[str], room: float) -> str:
    # Later lines of a label are indented, so that they are not read as rows.
    lead = "" if room == inf else r"\raggedright\hangindent=0.8em "
    name = escaped(label(row)) if room == inf else breakable(label(row), room - INDENT)
    return rf"{lead}{' & '.join([name, *texts])} \\" + "\n"


def _head(head: str, side: str = "r") -> str:
    # Struts make all lines equally tall, else a bracket would raise its own head above the others.
    stacked = r" \\ ".join(rf"\strut {escaped(line)}" for line in lines(head))
    return rf"\shortstack[{side}]{{{stacked}}}"


def _cell(cell: Cell) -> str:
    return rf"\textbf{{{escaped(cell.text)}}}" if cell.bold else escaped(cell.text)
