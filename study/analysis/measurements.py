"""The stored measurements of a plan as rows, and the fingerprint of a report made of them."""

from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

from study.errors import DamagedError
from study.metrics.pooling import pooled
from study.plan.plan import Plan
from study.spec.image_size import written
from study.stats import AA
from study.store import archives
from study.store.atomic import read_checked
from study.store.endings import Ending
from study.store.provenance import code_behind, digest, of_task
from study.store.records import Result
from study.store.sessions import sessions
from study.store.store import Record, Store
from study.store.timing_records import TimingSession
from study.tasks.arms import PlannedArm, Trial, ending_of

if TYPE_CHECKING:
    from study.stats.per_image import Array, Predictions

Value = TypeVar("Value")


def measurements(plan: Plan, store: Store) -> list[Record]:
    """One row per (arm, seed, metric) in base units; cost and speed have no seed.

    Keys: arm (its digest), seed (or None), metric, value, and low, high: a timing's range.
    A diverged trial's quality is NaN.
    """
    rows = list[Record]()
    for arm in plan.arms:
        rows += [
            _row(arm.digest, None, metric, value)
            # Sorted, as the store has them: costs that were counted just now have another order.
            for metric, value in sorted(arm.cost_record.cost.items())
            if metric in plan.catalogue
        ]
        for trial in arm.replicates:
            rows += _quality(plan, store, trial, arm.digest, seed=trial.seed)
    arms = {arm.digest for arm in plan.arms}
    # A session covers the arms of the plan that made it; arms removed since are skipped.
    for name, spreads in timing_session(plan, store).arms.items():
        for metric, spread in _known(plan, spreads, "speed") if name in arms else ():
            rows.append(_row(name, None, metric, spread.value, spread.low, spread.high))
    return rows


def at_baseline_measurements(plan: Plan, store: Store) -> list[Record]:
    """The quality of the arms that have the values which tuning chose for the baseline."""
    return [
        row
        for arm in (plan.tuning.at_baseline if plan.tuning else ())
        for trial in arm.trials
        for row in _quality(plan, store, trial, arm.digest, seed=trial.seed)
    ]


def aa_measurements(plan: Plan, store: Store) -> list[Record]:
    """The A/A arm's quality, in rows as above; `seed` is that of the baseline's trial beside it."""
    base = plan.baseline
    trials = [trial for trial in base.trials if trial.is_aa]
    pairs = zip(base.replicates, trials, strict=False)  # none without an A/A arm
    return [
        row
        for base_trial, trial in pairs
        for row in _quality(plan, store, trial, AA, seed=base_trial.seed)
    ]


def timing_session(plan: Plan, store: Store) -> TimingSession:
    """The timing session of a plan, pooled with earlier ones; an empty one where there is none."""
    every = sessions(store, plan.key)
    return pooled(every) if every else TimingSession()


def predictions(arm: PlannedArm, store: Store) -> dict[int, "Predictions"]:
    """The arrays `target` and `top` of an arm's completed trials by seed; see `stats.hits`.

    Trials without a file of predictions are absent.
    """
    read = stored_arrays(arm, store)
    return {seed: arrays for seed, arrays in read.items() if "top" in arrays}


def label_logits(arm: PlannedArm, store: Store) -> dict[int, "Predictions"]:
    """The arrays `labels` and `logits`, (N, C), of completed trials by seed.

    Trials of images with one label are absent, as are those of which too many were left out.
    """
    read = stored_arrays(arm, store)
    return {seed: arrays for seed, arrays in read.items() if "logits" in arrays}


def stored_arrays(arm: PlannedArm, store: Store) -> dict[int, "Predictions"]:
    """The arrays of predictions of an arm's completed trials by seed, whatever its task stores."""
    # The store has nothing of imported trials.
    done = [t for t in arm.replicates if t.state == "completed" and t.imported is None]
    read = {trial.seed: read_checked(store.predictions(trial.name), _arrays) for trial in done}
    return {seed: arrays for seed, arrays in read.items() if arrays is not None}


def _arrays(content: bytes) -> "Predictions":
    """The arrays of a file of predictions; raises DamagedError for any other content."""
    import numpy as np

    try:
        # No pickles: a store may be shared, and unpickling runs code of whoever wrote the file.
        with np.load(BytesIO(archives.checked(content)), allow_pickle=False) as file:
            # Of images with several labels, too many logits leave an empty file.
            several = {*LABELLED} >= {*file.files}
            # Another task's arrays are its own, and it checks them.
            is_other = not {*LABELLED, *CLASSIFIED} & {*file.files}
            names = file.files if is_other else (LABELLED if several else CLASSIFIED)
            arrays = {name: file[name] for name in names}
    except (*archives.UNREADABLE, MemoryError, SyntaxError) as error:
        raise DamagedError(f"it cannot be read as predictions ({error})") from error
    if is_other:
        return arrays
    target, top = arrays.values()
    if several:
        _refuse_unlike(target, top)
        return arrays
    numbers = all(np.issubdtype(array.dtype, np.integer) for array in (target, top))
    if not (numbers and (target.ndim, top.ndim) == (1, 2) and len(target) == len(top)):
        raise DamagedError(f"its target is {target.shape}, its top {top.shape}")
    return arrays


CLASSIFIED, LABELLED = ("target", "top"), ("labels", "logits")
"""The arrays of a trial whose images have one label, and several."""


def _refuse_unlike(labels: "Array", logits: "Array") -> None:
    """Raises DamagedError for arrays that are not labels and logits (N, C)."""
    kinds = labels.dtype.kind, logits.dtype.kind
    if labels.ndim != 2 or labels.shape != logits.shape or kinds != ("b", "f"):
        raise DamagedError(f"its labels are {labels.shape}, its logits {logits.shape}")


def _quality(plan: Plan, store: Store, trial: Trial, arm: str, *, seed: int) -> list[Record]:
    """The measurements of one trial, at all sizes."""
    result = ending_of(trial, store) if trial.done else None
    if result is None:
        return []
    metrics = _lost(result) or result.metrics
    rows = [_row(arm, seed, *measured) for measured in _known(plan, metrics, "quality")]
    for size in plan.sizes:
        evaluation = store.evaluation(trial.name, size)
        # A diverged trial is not evaluated: its qualities are NaN at every size.
        metrics = _lost(result) or (evaluation.metrics if evaluation else {})
        known = _known(plan, metrics, "quality")
        rows += [_row(arm, seed, f"{metric}@{written(size)}", value) for metric, value in known]
    return rows


def _known(plan: Plan, values: Mapping[str, Value], kind: str) -> list[tuple[str, Value]]:
    """The values whose metrics are in the catalogue and of this kind."""
    known = plan.catalogue
    return [(k, v) for k, v in values.items() if k in known and known[k].kind == kind]


def _lost(result: Result | Ending) -> dict[str, float | None]:
    """The metrics of a diverged trial, all None, even those that are finite; empty for others."""
    return dict.fromkeys(result.metrics) if result.state == "diverged" else {}


def _row(
    arm: str,
    seed: int | None,
    metric: str,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
) -> Record:
    number = float("nan") if value is None else value
    return {"arm": arm, "seed": seed, "metric": metric, "value": number, "low": low, "high": high}


def fingerprint(plan: Plan, store: Store) -> str:
    """A digest of everything that a report of this plan shows; it changes when the report would."""
    measured = [*measurements(plan, store), *aa_measurements(plan, store)]
    measured += at_baseline_measurements(plan, store)
    # As text, because NaN is unequal to itself; sorted, because the order of rows is no content.
    rows = sorted(repr(sorted(row.items())) for row in measured)
    states = [trial.state for trial in plan.trials]
    proposed = [*_tuning(plan), *_search(plan)]
    study = [plan.study.command_arguments, repr(plan.study), plan.notes, proposed]
    return digest(
        [study, rows, states, timing_session(plan, store).plain, _showing(plan.study.task)]
    )


def _tuning(plan: Plan) -> list[Record]:
    """The proposals of all arms and their results, which the ledger shows."""
    return [
        {
            "arm": row.arm.digest,
            "values": {**row.file_values, **proposal.values},
            "ends": [proposal.state, proposal.objective, proposal.seconds],
        }
        for row in (plan.tuning.arms if plan.tuning else ())
        for proposal in row.proposals
    ]


def _search(plan: Plan) -> list[Record]:
    """The candidates of a search and their results, which its table shows."""
    search = plan.search
    if search is None:
        return []
    rejected: Record = {"rejected": [asdict(refused) for refused in search.rejected.every]}
    return [rejected] + [
        {"values": dict(p.values), "ends": [p.state, search.objectives(p), p.seconds]}
        for p in search.proposals
    ]


MANIFEST = "report.json"
"""Beside a report: its files, and the fingerprint of what it was made of."""


OUTSIDE_REPORTS = (
    # A report has the numbers of finished trials, whatever trained them.
    "study.tasks.classification.data",
    "study.tasks.classification.train",
    "study.tasks.classification.trial",
    "study.tasks.classification.evaluate",
    "study.tasks.detection.train",
    "study.tasks.detection.trial",
    "study.tasks.training",
)
"""Modules whose change leaves reports as they are."""


def shown(task: str) -> tuple[str, ...]:
    """The modules that a report of a task comes from; by name, since they import this one."""
    return "study.report.report", "study.plan.planning", *of_task(task, "task")


def _showing(task: str) -> str:
    """A digest of the code that a report of a task comes from."""
    return code_behind(*shown(task), ignoring=OUTSIDE_REPORTS)
