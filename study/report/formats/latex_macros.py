"""Every number of a report as a LaTeX macro, so that the prose of a paper never goes stale.

`\\studynumber{KEY}` prints a number; an unknown key is a LaTeX error. A key is built from labels,
not from positions, so it does not change when rows or columns are added.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import sha256

from study.report.formats.latex_text import escaped
from study.report.table import Row, Table, TableBlock

# \@namedef allows any character in a name; \newcommand would allow letters alone.
HEAD = r"""% \studynumber{row/column}: a cell as the table has it; \studynumber{row/column/part}:
% one number of it (mean, sd, low, high, value, change, ratio-value ...). Rows of other tables than
% the first are opened by the table: contrasts/row/column. Rows whose labels differ in case, spaces
% or "_" alone also have four digits of their own: factor.row-digits/column. All keys are also there
% behind the name of the study, NAME/row/column, for papers that \input several of these files.
\makeatletter
\providecommand{\studynumber}[1]{\@ifundefined{study@#1}%
  {\PackageError{study}{there is no number "#1"}{All keys are in numbers.tex.}}%
  {\@nameuse{study@#1}}}
\providecommand{\studydefine}[2]{\@ifundefined{study@#1}{\@namedef{study@#1}{#2}}%
  {\def\study@new{#2}\expandafter\ifx\csname study@#1\endcsname\study@new\else
   \@namedef{study@#1}{\PackageError{study}{several numbers are called "#1"}%
    {Write its factor, table or study before its row, or its row's digits behind it:
     all keys are in numbers.tex.}}\fi}}
\makeatother
"""


def numbers(tables: Mapping[str, Table], study: str) -> str:
    """The text of `numbers.tex`; `tables` are by file name, and the first is `table`."""
    # Every key is defined twice, once behind the study's name: a paper may \input several files.
    keys = list(_keys(tables))
    lines = [
        rf"\studydefine{{{opened}{key}}}{{{escaped(text)}}}"
        for opened in ("", f"{slug(study)}/")
        for key, text in keys
    ]
    return HEAD + "\n".join([*lines, ""])


def _keys(tables: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    for name, table in tables.items():
        opened = "" if name == "table" else f"{slug(name)}/"
        columns = tuple(key.replace("_", "-") for key in table.keys) or tuple(
            slug(head) for head in table.heads
        )
        for place, row in _rows(table):
            for column, cell in zip(columns, row.cells, strict=True):
                key = f"{opened}{place}/{column}"
                yield key, cell.text
                yield from ((f"{key}/{part}", text) for part, text in cell.parts.items())


def _rows(table: Table) -> Iterator[tuple[str, Row]]:
    """Rows by label, by factor.label, and by factor.label-digits where rows share that.

    A key of two rows is a LaTeX error. Digits are those of the row's name, so that they stay when
    rows are added.
    """
    rows = [(_place(block, row), row) for block in table.blocks for row in block.rows]
    counts = Counter(place for place, _ in rows)
    for (block, label), row in rows:
        names = [label, f"{block}.{label}"] if table.blocks[0].name else [label]
        yield from ((name, row) for name in names)
        if counts[block, label] > 1:
            digits = _digits(row.name or row.key or row.label)
            yield from ((f"{name}-{digits}", row) for name in names)
    if base := next((row for _, row in rows if row.baseline), None):
        yield "baseline", base


def _place(block: TableBlock, row: Row) -> tuple[str, str]:
    return slug(block.name), slug(row.key or row.label)


def _digits(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:4]


def slug(text: str) -> str:
    """The text as a TeX name; a digest is appended if letters are lost, so that names differ."""
    # NFKD splits letters from their accents, so that "é" becomes "e" instead of vanishing.
    plain = unicodedata.normalize("NFKD", text.replace("Δ", "delta")).encode("ascii", "ignore")
    name = re.sub(r"[^a-z0-9.+=-]+", "-", plain.decode().lower())
    # Nothing was lost but case and spaces, so the plain name is kept without a digest.
    if name == re.sub(r"[ _]", "-", text.lower()):
        return name
    return f"{name.strip('-')}-{_digits(text)}".lstrip("-")
