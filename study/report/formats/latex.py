"""Tables in LaTeX with booktabs: a table environment or its tabular, with siunitx on request."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from study.report.formats.labels import BASELINE, TALL, label, lines
from study.report.table import Cell, Row, Table, TableBlock

# fmt: off
SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
        "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\symbol{34}",
        "`": r"\textasciigrave{}", "−": "$-$", "±": r"$\pm$",
        "×": r"$\times$", "Δ": r"$\Delta$", "·": r"$\cdot$", "→": r"$\rightarrow$",
        "½": r"$\frac{1}{2}$", "≤": r"$\leq$", "≥": r"$\geq$", "≈": r"$\approx$", "∞": r"$\infty$",
        "α": r"$\alpha$", "β": r"$\beta$", "γ": r"$\gamma$", "λ": r"$\lambda$",
        "σ": r"$\sigma$", "μ": r"$\mu$", BASELINE: r"$\bullet$",
    }
)
# fmt: on
"""Characters that LaTeX would interpret or that its default fonts lack."""

LONG = 40  # characters; a longer label is broken into lines
# Shrinks a table that is wider than the line, and never enlarges one.
FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"


def latex(table: Table) -> str:
    """A table environment, shrunk if it is wider than the line, or a longtable if it is tall."""
    # \label takes no special characters.
    caption, name = escaped(table.caption), re.sub(r"[^A-Za-z0-9-]", "-", table.name)
    named = rf"\caption{{{caption}}}\label{{tab:{name}}}"
    notes = "".join(f"\\par\\smallskip {escaped(note)}\n" for note in table.notes).rstrip()
    # A longtable breaks over pages, which a float cannot.
    body = _tabular(table, _plain(table))
    if sum(len(block.rows) for block in table.blocks) > TALL:
        lines = [
            "% needs \\usepackage{booktabs,longtable}",
            r"{\small\setlength{\tabcolsep}{4pt}",
            _long(body, named),
            rf"\footnotesize\raggedright {notes}\par}}",
        ]
    else:
        lines = [
            "% needs \\usepackage{booktabs,graphicx}",
            r"\begin{table}",
            r"\centering",
            named,
            r"\medskip\small\setlength{\tabcolsep}{4pt}",
            FITTED,
            body.rstrip() + "}",
            r"\begin{minipage}{\linewidth}\footnotesize\raggedright",
            notes,
            r"\end{minipage}",
            r"\end{table}",
        ]
    return "\n".join(lines) + "\n"


def fragment(table: Table) -> str:
    """The tabular alone, for \\input into the author's own environment."""
    return _alone("booktabs", table, _tabular(table, _plain(table)))


def siunitx(table: Table) -> str:
    """The tabular alone, with numbers aligned at their decimal points by siunitx."""
    return _alone("booktabs,siunitx", table, _tabular(table, _aligned(table)))


def _alone(packages: str, table: Table, tabular: str) -> str:
    """The tabular, or a longtable if it is tall: a float cannot break over pages."""
    if sum(len(block.rows) for block in table.blocks) <= TALL:
        return f"% needs \\usepackage{{{packages}}}\n{tabular}"
    return f"% needs \\usepackage{{{packages},longtable}}; not in a table\n{_long(tabular, '')}\n"


def _long(tabular: str, named: str) -> str:
    """A tabular as a longtable that repeats its heading on every page."""
    begin, rest = tabular.split("\n", 1)
    # \endfirsthead and \endhead repeat what stands before them on the first and on later pages.
    head, rest = rest.split("\\midrule\n", 1)
    repeated = [head, r"\midrule\endfirsthead", head + r"\midrule\endhead"]
    begin = begin.replace("tabular", "longtable", 1)
    rest = rest.replace(r"\end{tabular}", r"\end{longtable}")
    return "\n".join([begin, *([named + r"\\"] if named else []), *repeated, rest.rstrip()])


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
    rows = [row.cells for block in table.blocks for row in block.rows]
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
    options = f"table-format={sign}{whole}.{digits},mode=text,reset-text-series=false"
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
    heads = " & ".join(["", *(column.head for column in columns)])
    body = "".join(_rows(table.blocks, columns))
    return (
        rf"\begin{{tabular}}{{{_labels(table)}{spec}}}" + "\n\\toprule\n"
        rf"{heads} \\" + "\n\\midrule\n" + body + "\\bottomrule\n\\end{tabular}\n"
    )


def _labels(table: Table) -> str:
    """The column of labels: long ones are broken into lines, else they would shrink the numbers."""
    longest = max((len(row.label) for block in table.blocks for row in block.rows), default=0)
    return "l" if longest <= LONG else r"p{0.35\linewidth}"


def _rows(blocks: Sequence[TableBlock], columns: Sequence[LatexColumn]) -> Iterator[str]:
    """The lines of all blocks; each block begins with a rule and the name of its factor."""
    number = 0
    for index, block in enumerate(blocks):
        yield "\\midrule\n" if index else ""
        if block.head:
            empty = " &" * sum(column.width for column in columns)
            # \rlap takes no width, so a long heading does not widen the column of labels.
            yield rf"\rlap{{\itshape {escaped(block.head)}}}{empty} \\" + "\n"
        for row in block.rows:
            yield _row(row, [column.texts[number] for column in columns])
            number += 1


def _row(row: Row, texts: Sequence[str]) -> str:
    return rf"{' & '.join([escaped(label(row)), *texts])} \\" + "\n"


def _head(head: str) -> str:
    stacked = r" \\ ".join(escaped(line) for line in lines(head))
    return rf"\shortstack[r]{{{stacked}}}"


def _cell(cell: Cell) -> str:
    return rf"\textbf{{{escaped(cell.text)}}}" if cell.bold else escaped(cell.text)


def escaped(text: str) -> str:
    """Text that LaTeX prints literally; letters beyond Latin need LuaLaTeX."""
    # A row that begins with "[" or "*" would be read as an argument of the line break before it.
    guard = "{}" if text[:1] in ("[", "*") else ""
    # Doubled signs are ligatures: "--" would become a dash, "''" a closing quote.
    return guard + re.sub(r"([-,'])(?=\1)", r"\1{}", text.translate(SPECIAL))
