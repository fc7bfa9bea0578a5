"""Every number of a report as a macro, so that the prose of a paper never goes stale.

`\\studynumber{KEY}` prints one, and stops the compiler where there is none of that key. A key is
made of labels, never of places, so it stays when rows or columns are added.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping

from study.report.formats.latex import escaped
from study.report.tables import Row, Table

HEAD = r"""% \studynumber{row/column}: a cell as the table has it; \studynumber{row/column/part}:
% one number of it (mean, sd, low, high, value, change, ratio-value ...). Rows of other tables than
% the first are opened by the table: contrasts/row/column. All keys are also there behind the name
% of the study, NAME/row/column, for papers that \input several of these files.
\makeatletter
\providecommand{\studynumber}[1]{\@ifundefined{study@#1}%
  {\PackageError{study}{there is no number "#1"}{All keys are in numbers.tex.}}%
  {\@nameuse{study@#1}}}
\makeatother
"""


def numbers(tables: Mapping[str, Table], study: str) -> str:
    """A file of definitions; `tables` by the name of their files, of which the first is `table`."""
    keys = dict(_keys(tables))
    lines = [
        rf"\expandafter\def\csname study@{opened}{key}\endcsname{{{escaped(text)}}}"
        for opened in ("", f"{slug(study)}/")
        for key, text in keys.items()
    ]
    return HEAD + "\n".join([*lines, ""])


def _keys(tables: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    for name, table in tables.items():
        opened = "" if name == "table" else f"{slug(name)}/"
        columns = table.keys or tuple(slug(head) for head in table.heads)
        for place, row in _rows(table):
            for column, cell in zip(columns, row.cells, strict=True):
                key = f"{opened}{place}/{column}"
                yield key, cell.text
                yield from ((f"{key}/{part}", text) for part, text in cell.parts.items())


def _rows(table: Table) -> Iterator[tuple[str, Row]]:
    """By what names them; two of one name by their block as well."""
    rows = [
        (slug(block.head), slug(row.label), row) for block in table.blocks for row in block.rows
    ]
    count = Counter(label for _, label, _ in rows)
    seen = Counter[str]()
    for block, label, row in rows:
        own = label if count[label] == 1 else f"{block}.{label}".strip(".")
        seen[own] += 1
        yield own if seen[own] == 1 else f"{own}-{seen[own]}", row
    if base := next((row for _, _, row in rows if row.baseline), None):
        yield "baseline", base


def slug(text: str) -> str:
    """Letters, digits, dots and hyphens of ASCII, which TeX takes in a name."""
    plain = unicodedata.normalize("NFKD", text.replace("Δ", "delta")).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9.]+", "-", plain.decode().lower()).strip("-") or "x"
