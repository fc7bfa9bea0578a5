"""A finished table in the forms it is read in. Contract: format(table) -> the text of a file."""

import csv
import io
import re
from collections.abc import Callable

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table as Terminal
from rich.text import Text

from study.cells import DIVERGED
from study.report.tables import Block, Cell, Row, Table

BASELINE = "●"


def _label(row: Row) -> str:
    return f"{BASELINE} {row.label}" if row.baseline else row.label


def _lines(head: str) -> list[str]:
    """A head is wider than its numbers: unit, interval and source go on lines of their own."""
    return re.split(r" (?=\[|paper|\([^\[]*$)", head)


# ---- Markdown ----


def markdown(table: Table) -> str:
    """GitHub's Markdown; every character of a label comes out as itself."""
    columns = 1 + len(table.heads)
    lines = [["", *map(_md, table.heads)]]
    for block in table.blocks:
        lines += [[f"*{_md(block.head)}*", *[""] * len(table.heads)]] if block.head else []
        lines += [[_md(_label(row)), *map(_md_cell, row.cells)] for row in block.rows]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(columns)]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    rows = (_md_line(line, widths) for line in [lines[0], rule, *lines[1:]])
    notes = "".join(f"- {_md(note)}\n" for note in table.notes)
    return "\n".join([f"**{_md(table.name)}**: {_md(table.caption)}", "", *rows, "", notes])


def _md_line(texts: list[str], widths: list[int]) -> str:
    first, *rest = zip(texts, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]
    return f"| {' | '.join(padded)} |"


def _md_cell(cell: Cell) -> str:
    return f"**{_md(cell.text)}**" if cell.bold else _md(cell.text)


def _md(text: str) -> str:
    """Brackets are escaped only where they would make a link."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_|~$#])", r"\\\1", text)
    return re.sub(r"\](?=[(\[:])", r"\\]", text)


# ---- LaTeX ----

LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
        "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\symbol{34}",
        "`": r"\textasciigrave{}", "−": "$-$", "±": r"$\pm$",
        "×": r"$\times$", "Δ": r"$\Delta$", "·": r"$\cdot$", "→": r"$\rightarrow$",
        "≤": r"$\leq$", "≥": r"$\geq$", "≈": r"$\approx$", "∞": r"$\infty$",
        "α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "λ": r"$\lambda$",
        "σ": r"$\sigma$", "μ": r"$\mu$", BASELINE: r"$\bullet$",
    }
)  # fmt: skip
NEEDS = r"% needs \usepackage{booktabs,graphicx}"
FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def latex(table: Table) -> str:
    """A table environment for booktabs, shrunk where it is wider than the line."""
    lines = [line for index, block in enumerate(table.blocks) for line in _tex_block(block, index)]
    frame = pd.DataFrame(lines, columns=["", *map(_tex_head, table.heads)], dtype=object)
    tabular = frame.style.hide(axis="index").to_latex(
        hrules=True, column_format="l" + "r" * len(table.heads)
    )
    notes = "".join(f"\\par\\smallskip {_tex(note)}\n" for note in table.notes)
    label = re.sub(r"[^A-Za-z0-9-]", "-", table.name)
    parts = [NEEDS, r"\begin{table}", r"\centering", rf"\caption{{{_tex(table.caption)}}}",
             rf"\label{{tab:{label}}}", r"\medskip\small\setlength{\tabcolsep}{4pt}",
             FITTED, tabular.rstrip() + "}",
             r"\begin{minipage}{\linewidth}\footnotesize\raggedright", notes.rstrip(),
             r"\end{minipage}", r"\end{table}"]  # fmt: skip
    return "\n".join(parts) + "\n"


def _tex_block(block: Block, index: int) -> list[list[str]]:
    """Its rows; a rule and the factor's name open it."""
    head = rf"\rlap{{\itshape {_tex(block.head)}}}" if block.head else ""
    rule = "\\midrule\n" if index else ""
    empty = [""] * len(block.rows[0].cells)
    rows = [[_tex(_label(row)), *map(_tex_cell, row.cells)] for row in block.rows]
    return [[rule + head, *empty], *rows] if head else rows


def _tex_head(head: str) -> str:
    lines = r" \\ ".join(_tex(line) for line in _lines(head))
    return rf"\shortstack[r]{{{lines}}}"


def _tex_cell(cell: Cell) -> str:
    return rf"\textbf{{{_tex(cell.text)}}}" if cell.bold else _tex(cell.text)


def _tex(text: str) -> str:
    """Text that LaTeX prints as it is; letters beyond Latin need LuaLaTeX.

    What opens a row must not look like an argument of the line break before it.
    """
    guard = "{}" if text[:1] in ("[", "*") else ""
    return guard + text.translate(LATEX).replace("--", "-{}-")


# ---- CSV ----


def comma_separated(table: Table) -> str:
    """The cells as printed, with their factor; numbers in base units are in measurements.csv."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["factor", "arm", "baseline", *table.heads])
    for block in table.blocks:
        for row in block.rows:
            baseline = BASELINE if row.baseline else ""
            rows.writerow([block.head, row.label, baseline, *(cell.text for cell in row.cells)])
    return file.getvalue()


# ---- terminal ----


def terminal(table: Table, width: int) -> Group:
    """For rich to print; nothing in it is read as markup. Cells are broken only if they must."""
    fits = _width(table) <= width
    shown = Terminal(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("")
    shown.add_column("", overflow="fold")
    for head in table.heads:
        shown.add_column(
            Text("\n".join(_lines(head))), justify="right", no_wrap=fits, overflow="fold"
        )
    for block in table.blocks:
        if block.head:
            shown.add_row("", Text(block.head, "dim italic"))
        for row in block.rows:
            texts = (Text(cell.text, _style(cell)) for cell in row.cells)
            shown.add_row(BASELINE if row.baseline else "", Text(row.label), *texts)
        shown.add_section()
    caption = Text(f"{table.name}: {table.caption}")
    return Group(caption, Text(), shown, *(Text(f"- {note}", "dim") for note in table.notes))


def _width(table: Table) -> int:
    """Columns of text that the unbroken table takes."""
    rows = [row for block in table.blocks for row in block.rows]
    heads = [max(map(len, _lines(head))) for head in table.heads]
    cells = [max([len(row.cells[i].text) for row in rows] + [n]) for i, n in enumerate(heads)]
    return 2 + max([len(row.label) for row in rows], default=0) + sum(n + 1 for n in cells) + 1


def _style(cell: Cell) -> str:
    return "bold" if cell.bold else "yellow" if cell.text == DIVERGED else ""


FORMATS: dict[str, Callable[[Table], str]] = {
    "md": markdown,
    "tex": latex,
    "csv": comma_separated,
}
