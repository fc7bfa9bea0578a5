"""What a study found, written down: tables, figures, and the measurements they came from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from study import stats
from study.files import Record, read, replace
from study.files import write as write_record
from study.judgement import Judged, judged
from study.measurements import MANIFEST, again, measurements
from study.plan import Plan, PlannedArm
from study.report import figures
from study.report.contrasts import contrast_table, factor_table
from study.report.curves import curves
from study.report.formats import FORMATS, terminal
from study.report.images import images
from study.report.judgements import claim_table, verdict_table
from study.report.tables import Table, table
from study.spec import file_name
from study.store import Store

__all__ = [
    "FORMATS",
    "Report",
    "claim_table",
    "floor",
    "frame",
    "report",
    "table",
    "terminal",
    "write",
]

COLUMNS = {
    "arm": "str", "label": "str", "seed": "Int64", "metric": "str",
    "value": "float64", "low": "float64", "high": "float64",
}  # fmt: skip


def frame(plan: Plan, store: Store) -> pd.DataFrame:
    """One row per (arm, seed, metric) in base units; cost and speed have no seed.

    A diverged trial's quality is NaN; a trial that has no result has no row. In `attrs` is what no
    row shows: `noise` has the rows of `stats.noise_floor`.
    """
    labels = {arm.digest: arm.label for arm in plan.arms}
    rows = [{**row, "label": labels[row["arm"]]} for row in measurements(plan, store)]
    found = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    session = store.kept("timings", plan.key) or {}
    beside = pd.DataFrame(again(plan, store), columns=list(COLUMNS)).astype(COLUMNS)
    found.attrs["noise"] = _noise(found, beside, plan.baseline.digest)
    found.attrs["timed_on"] = _machine(session)
    found.attrs["store"] = "" if store.root == Path("results") else str(store.root)
    found.attrs["refused"] = {arm.digest: _refused(plan, store, arm, session) for arm in plan.arms}
    return found


def _noise(found: pd.DataFrame, beside: pd.DataFrame, baseline: str) -> list[dict[Any, Any]]:
    """The noise floor of every metric that the A/A arm has."""
    if beside.empty:
        return []
    base = found[(found["arm"] == baseline) & found["metric"].isin(beside["metric"])]
    return stats.noise_floor(pd.concat([base, beside]), baseline).to_dict("records")


def floor(measured: pd.DataFrame, metric: str) -> tuple[float, float] | None:
    """Between what differences equal arms come out in 95 of 100 studies, in base units.

    `measured` is of `frame`. None without an A/A arm, or where `stats.noise_floor` cannot tell.
    """
    for row in measured.attrs.get("noise", ()):
        if row["metric"] == metric and row["floor"] == row["floor"]:
            return -float(row["floor"]), float(row["floor"])
    return None


def _refused(plan: Plan, store: Store, arm: PlannedArm, session: Record) -> list[str]:
    """Why something of an arm was not taken."""
    told = session.get("refused", {}).get(arm.digest, {}).values()
    kept = (store.evaluation(t.name, size) or {} for t in arm.trials for size in plan.sizes)
    return list(dict.fromkeys([*told, *(one["refused"] for one in kept if "refused" in one)]))


def _machine(session: Record) -> str:
    """How a session was taken."""
    here = session.get("environment", {})
    taken: Record = next(iter(session.get("taken", {}).values()), {})
    device = str(here.get("device", ""))
    if device == "cpu":
        device = f"{here.get('processor') or 'cpu'}, threads: {here.get('threads', '?')}"
    batch = taken.get("taken", {}).get("batch_size")
    busy = session.get("trials_running")
    said = [device, f"float32, eager, batch {batch}" if batch else ""]
    said += [f"while {busy} trials were running: not alone"] if busy else []
    return ", ".join(filter(None, said))


@dataclass(frozen=True)
class Report:
    """Of whatever the store has so far."""

    plan: Plan
    measured: pd.DataFrame
    judged: Judged
    images: pd.DataFrame
    curves: pd.DataFrame
    tables: dict[str, Table]
    """By the name of their files: table, verdicts, claims, contrasts, factors."""


def report(plan: Plan, store: Store) -> Report:
    measured = frame(plan, store)
    found = judged(plan, measured, store)
    tables = {
        "table": table(plan, measured),
        "verdicts": verdict_table(plan, found),
        "claims": claim_table(plan, found.claims),
        "contrasts": contrast_table(plan, measured),
        "factors": factor_table(plan, measured),
    }
    finished = {name: made for name, made in tables.items() if made}
    return Report(plan, measured, found, images(plan, store), curves(plan, store), finished)


def write(made: Report, folder: Path, made_of: str = "") -> list[Path]:
    """The report as files in `folder`, and a list of them with the fingerprint of what it shows."""
    texts = {
        f"{name}.{end}": form(finished)
        for name, finished in made.tables.items()
        for end, form in FORMATS.items()
    }
    effects = stats.effects(made.measured, made.plan.baseline.digest)
    frames = {
        "measurements": made.measured,
        "judged": made.judged.verdicts,
        "effects": effects,
        "images": made.images,
        "curves": made.curves,
    }
    for name, rows in frames.items():
        if len(rows):
            texts[f"{name}.csv"] = rows.to_csv(index=False, lineterminator="\n")
    files = {name: text.encode() for name, text in texts.items()}
    for index, factor in enumerate(made.plan.study.factors):
        drawn = figures.drawn(made.plan, made.measured, index)
        files |= {f"figures/{file_name(factor.path)}-{end}": data for end, data in drawn.items()}
    for name, content in files.items():
        replace(folder / name, content)
    for name in _written(folder) - files.keys():  # of an earlier report
        (folder / name).unlink(missing_ok=True)
    write_record(folder / MANIFEST, {"files": list(files), "made_of": made_of})
    return [folder / name for name in files]


def _written(folder: Path) -> set[str]:
    """The files of an earlier report, as far as they are in the folder."""
    names = (read(folder / MANIFEST) or {}).get("files", [])
    return {name for name in names if (folder / name).resolve().is_relative_to(folder.resolve())}
