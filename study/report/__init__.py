"""What a study found, written down: tables, figures, and the measurements they came from."""

import os
from pathlib import Path

import pandas as pd

from study import stats
from study.commas import comma_separated
from study.files import replace
from study.files import write as write_record
from study.job_records import Manifest
from study.judgement import Judged, judged
from study.measurements import MANIFEST
from study.plan import Plan
from study.report import figures
from study.report.answer import answer
from study.report.contents import Report
from study.report.contrasts import contrast_table, factor_table
from study.report.curves import curves
from study.report.formats import FORMATS, numbers, terminal
from study.report.frames import floor, frame, speeds
from study.report.images import images
from study.report.judgements import claim_table, verdict_table
from study.report.overview import overview
from study.report.page import page
from study.report.tables import Table, table
from study.report.trials import origins, trials
from study.store import Store

__all__ = [
    "FORMATS",
    "Report",
    "claim_table",
    "floor",
    "frame",
    "overview",
    "page",
    "report",
    "table",
    "tables",
    "terminal",
    "write",
]


def report(plan: Plan, store: Store) -> Report:
    measured = frame(plan, store)
    found, pictured = judged(plan, measured, store), images(plan, store)
    return Report(
        plan, measured, found, pictured, curves(plan, store), trials(plan, store),
        origins(plan, store), _tables(plan, measured, found), answer(plan, measured, pictured),
    )  # fmt: skip


def tables(plan: Plan, store: Store) -> dict[str, Table]:
    """Those of the report, without the rest of it."""
    measured = frame(plan, store)
    return _tables(plan, measured, judged(plan, measured, store))


def _tables(plan: Plan, measured: pd.DataFrame, found: Judged) -> dict[str, Table]:
    every = {
        "table": table(plan, measured),
        "verdicts": verdict_table(plan, found),
        "claims": claim_table(plan, found.claims),
        "contrasts": contrast_table(plan, measured),
        "factors": factor_table(plan, measured),
    }
    return {name: made for name, made in every.items() if made}


def write(made: Report, folder: Path, made_of: str = "", *, html: bool = False) -> list[Path]:
    """The report as files in `folder`, and a list of them with the fingerprint of what it shows.

    `html` adds the page.
    """
    texts = {
        f"{name}.{end}": form(finished)
        for name, finished in made.tables.items()
        for end, form in FORMATS.items()
    }
    texts["numbers.tex"] = numbers(made.tables, made.plan.study.title)
    effects = stats.effects(made.measured, made.plan.baseline.digest)
    frames = {
        "measurements": made.measured,
        "judged": made.judged.verdicts,
        "effects": effects,
        "images": made.images,
        "curves": made.curves,
        "speed": speeds(made.measured, made.plan.study.timing.resolution),
    }
    for name, rows in frames.items():
        if len(rows):
            texts[f"{name}.csv"] = comma_separated(rows)
    if html:
        texts["page.html"] = page([made])
    files = {name: text.encode() for name, text in texts.items()}
    for one in figures.drawn(made):
        files |= {f"figures/{name}": content for name, content in figures.files(one).items()}
    for name, content in files.items():
        replace(folder / name, content)
    for name in _written(folder) - files.keys():  # of an earlier report
        (folder / name).unlink(missing_ok=True)
    write_record(folder / MANIFEST, Manifest(files=list(files), made_of=made_of).plain)
    return [folder / name for name in files]


def _written(folder: Path) -> set[str]:
    """The files of an earlier report, as far as they are in the folder."""
    manifest = Manifest.look(folder / MANIFEST) or Manifest(files=[])
    files = (name for name in manifest.files if not os.path.isdir(folder / name))
    return {name for name in files if (folder / name).resolve().is_relative_to(folder.resolve())}
