"""The journal of proposals, for optuna's dashboard: an optuna.Study per tuned arm, or of a search.

The store's results decide, and the journal is a record of them: deleted, it is written again. One
writer at a time, under a lease, appends what it lacks. A journal, as SQLite is not safe on a shared
disk.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from study.spec.study import Study, file_name
from study.spec.tuning import SpaceRules, Values
from study.store import atomic, leases
from study.store.atomic import warn_once
from study.store.provenance import digest
from study.store.store import Store
from study.tune.proposals import distributions, encoded
from study.tune.search import Search
from study.tune.tuning import Proposal, Tuning

if TYPE_CHECKING:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.trial import FrozenTrial

FOLDER = "tuning"
JOURNAL = "journal.log"
DAMAGED = (ValueError, LookupError, TypeError, AttributeError, AssertionError)
"""Errors of optuna on a journal that it has not written so."""


def place(study: Study, store: Store) -> Path:
    """The journal of a study."""
    return store.root / FOLDER / file_name(study.title) / JOURNAL


def record(study: Study, proposing: Tuning | Search, store: Store) -> Path | None:
    """Append the results that the journal lacks; None while another process writes it."""
    path = place(study, store)
    try:
        # Only here: a plan writes nothing, and a store may be read-only.
        path.parent.mkdir(parents=True, exist_ok=True)
        lease = leases.claim(path.parent)
        if lease is None:
            return None
        with lease:
            storage = _opened(path)
            for row in _rows(study, proposing):
                _append(storage, row, store)
    except OSError as error:  # for viewers alone: no trial needs it
        warn_once(f"{path} is not written: {error.strerror}")
        return None
    return path


def _opened(path: Path) -> "JournalStorage":
    """The journal; one that a killed process or a full disk has damaged is set aside."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # else a line for every trial
    # Optuna appends to a line that was cut short, and could read neither then.
    if path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size:
        atomic.set_aside(path, "damaged")
    with suppress(*DAMAGED):
        return JournalStorage(JournalFileBackend(str(path)))
    atomic.set_aside(path, "damaged")
    return JournalStorage(JournalFileBackend(str(path)))


@dataclass(frozen=True)
class JournalRow:
    """An optuna.Study of the journal: the proposals of one arm, or those of a search."""

    name: str
    rules: SpaceRules
    objectives: tuple[str, ...]
    higher: tuple[bool, ...]
    file_values: Values
    closed: tuple[Proposal, ...]
    values: Callable[[Proposal], Sequence[float] | None]
    """The objectives of a proposal; None where it has none."""


def _rows(study: Study, proposing: Tuning | Search) -> Iterator[JournalRow]:
    if isinstance(proposing, Search):
        yield JournalRow(
            f"{study.title}: search ({_key(proposing.rules)})",
            proposing.rules,
            proposing.rules.objectives,
            proposing.higher,
            proposing.file_values,
            proposing.closed,
            proposing.objectives,
        )
        return
    for row in proposing.arms:
        name = f"{study.title}: {row.arm.label} ({_key(row.rules, row.arm.digest)})"
        objectives, higher = (row.rules.objective,), (row.higher,)
        yield JournalRow(name, row.rules, objectives, higher, row.file_values, row.closed, _single)


def _single(proposal: Proposal) -> Sequence[float] | None:
    return None if proposal.objective is None else [proposal.objective]


def _append(storage: "JournalStorage", row: JournalRow, store: Store) -> None:
    """Append the ended trials of a row; written anew if the journal has others."""
    import optuna

    trials = [_trial(row, proposal, store) for proposal in row.closed]
    known = {other.study_name for other in storage.get_all_studies()}
    if row.name in known:
        written = optuna.load_study(study_name=row.name, storage=storage)
        # Trials are compared by content, as numbers alone would hide another history.
        if not _agree(written.get_trials(deepcopy=False), trials):
            # Results were removed and trained anew, or another optuna has proposed them.
            optuna.delete_study(study_name=row.name, storage=storage)
            known.remove(row.name)
    if row.name not in known:
        written = optuna.create_study(
            storage=storage,
            study_name=row.name,
            directions=["maximize" if up else "minimize" for up in row.higher],
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # optuna calls names of metrics experimental
            written.set_metric_names([*row.objectives])
    written.add_trials(trials[len(written.get_trials(deepcopy=False)) :])


def _key(rules: SpaceRules, *arm: str) -> str:
    """Another space, or another arm of the same label, has an optuna.Study of its own."""
    # Six digits tell the few spaces of one study apart, and are short beside its label.
    return digest([*arm, repr(rules)])[:6]


def _agree(written: "Sequence[FrozenTrial]", trials: "Sequence[FrozenTrial]") -> bool:
    both = zip(written, trials, strict=False)
    same = all(
        (old.state, old.values, old.params) == (new.state, new.values, new.params)
        for old, new in both
    )
    return same and len(written) <= len(trials)


def _trial(row: JournalRow, proposal: Proposal, store: Store) -> "FrozenTrial":
    import optuna

    values, objectives = {**row.file_values, **proposal.values}, row.values(proposal)
    rules = row.rules
    # Values outside the space, which the file may have, are no parameters.
    inside = all(path in values and space.has(values[path]) for path, space in rules.space.items())
    states = optuna.trial.TrialState
    lost = states.PRUNED if proposal.state == "censored" else states.FAIL
    frozen = optuna.trial.create_trial(
        state=states.COMPLETE if objectives else lost,
        values=[*objectives] if objectives else None,
        params=encoded(rules, values) if inside else {},
        distributions=distributions(rules) if inside else {},
        user_attrs=_attributes(proposal),
    )
    _dated(frozen, proposal, store)
    return frozen


def _attributes(proposal: Proposal) -> dict[str, object]:
    if proposal.trial is None:
        return {"refused": proposal.refused}
    file = {"values": "of the file"} if not proposal.number else {}
    return {"trial": proposal.trial.name, "state": proposal.state, **file}


def _dated(frozen: "optuna.trial.FrozenTrial", proposal: Proposal, store: Store) -> None:
    """Give a trial its own times, where its result has them."""
    result = store.result(proposal.trial.name) if proposal.trial else None
    began = result.plain.get("began") if result else None
    if isinstance(began, int | float):
        # Local time, as optuna's own trials have it.
        frozen.datetime_start = datetime.fromtimestamp(began)
        frozen.datetime_complete = datetime.fromtimestamp(began + proposal.seconds)
