"""Reports of a study: its tables and figures, and the measurements behind them."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

from study.analysis.analysis import Analysis
from study.analysis.measurements import MANIFEST
from study.plan.plan import Plan
from study.report import figures
from study.report.contents import Report
from study.report.figure_style import DEFAULT, FigureStyle
from study.report.formats import FORMATS, numbers, terminal
from study.report.page import page
from study.report.spreadsheet import comma_separated
from study.report.table import Table, plain
from study.report.tables.contrasts import contrast_table, factor_table
from study.report.tables.ledger import ledger_table
from study.report.tables.main import table
from study.report.tables.overview import overview
from study.report.tables.search import search_table
from study.report.tables.supplement import supplement_table
from study.report.tables.verdicts import claim_table, verdict_table
from study.report.tables.wide import wide_table
from study.report.text import imported
from study.report.text.answer import answer
from study.store.atomic import replace
from study.store.atomic import write as write_record
from study.store.job_records import Manifest
from study.store.store import Store

__all__ = [
    "FORMATS",
    "Report",
    "claim_table",
    "overview",
    "page",
    "report",
    "table",
    "tables",
    "terminal",
    "wide_table",
    "write",
]


def report(plan: Plan, store: Store, style: FigureStyle = DEFAULT) -> Report:
    """Everything a report shows, from the results that the store has so far."""
    analysis = Analysis(plan, store)
    every = _tables(analysis)
    return Report(analysis, every, every["table"].answer, style)


def tables(plan: Plan, store: Store) -> dict[str, Table]:
    """The tables of the report alone, for a terminal."""
    return _tables(Analysis(plan, store))


def _tables(analysis: Analysis) -> dict[str, Table]:
    every = {
        "table": dataclasses.replace(table(analysis), answer=plain(answer(analysis))),
        "table_wide": wide_table(analysis),
        "supplement": supplement_table(analysis),
        "verdicts": verdict_table(analysis.plan, analysis.assessment),
        "claims": claim_table(analysis.plan, analysis.claims),
        "contrasts": contrast_table(analysis),
        "factors": factor_table(analysis),
        "tuning": ledger_table(analysis),
        "search": search_table(analysis),
    }
    origin = imported.origin(analysis)
    return {name: _with_origin(table, origin) for name, table in every.items() if table}


def _with_origin(table: Table, origin: str) -> Table:
    """A table whose caption says where imported numbers are from."""
    return dataclasses.replace(
        table, caption=" ".join(filter(None, [table.caption, plain(origin)]))
    )


def write(contents: Report, folder: Path, made_of: str = "", *, html: bool = False) -> list[Path]:
    """Write the report to `folder`, with a manifest of its files and the digest `made_of`.

    `html` adds the page. Files that an earlier report left and this one lacks are deleted.
    """
    texts = {
        f"{name}.{end}": form(finished)
        for name, finished in contents.tables.items()
        for end, form in FORMATS.items()
    }
    texts["numbers.tex"] = numbers(_numbered(contents.tables), contents.plan.study.title)
    analysis = contents.analysis
    frames = {
        "measurements": analysis.measurements,
        # The file keeps the name that earlier reports gave it.
        "judged": analysis.assessment.verdicts,
        "effects": analysis.effect_rows,
        "images": analysis.images,
        "curves": analysis.curves,
        "speed": analysis.speeds,
        **analysis.proposals,
    }
    for name, rows in frames.items():
        if len(rows):
            texts[f"{name}.csv"] = comma_separated(rows)
    if html:
        texts["page.html"] = page([contents])
    files = {name: text.encode() for name, text in texts.items()}
    for figure in figures.all_figures(contents):
        files |= {f"figures/{name}": content for name, content in figures.files(figure).items()}
    for name, content in files.items():
        # Whole or not at all: a reader never sees half of a file.
        replace(folder / name, content)
    # The manifest names what was written, so files that a user put there are left alone.
    for name in _written(folder) - files.keys():  # a stale figure would pass as a new one
        (folder / name).unlink(missing_ok=True)
    write_record(folder / MANIFEST, Manifest(files=list(files), made_of=made_of).plain)
    return [folder / name for name in files]


def _numbered(tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables whose numbers are macros; of the two main ones the wide one, which has more."""
    others = {name: table for name, table in tables.items() if name not in ("table", "table_wide")}
    return {"table": tables["table_wide"], **others}


def _written(folder: Path) -> set[str]:
    """The files of an earlier report that are still in the folder, by its manifest."""
    manifest = Manifest.look(folder / MANIFEST) or Manifest(files=[])
    files = (name for name in manifest.files if not os.path.isdir(folder / name))
    # The manifest is data: a name such as "../x" must not delete a file outside the folder.
    return {name for name in files if (folder / name).resolve().is_relative_to(folder.resolve())}
