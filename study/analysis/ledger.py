"""The ledger of tuning: what every arm has spent, what it has chosen, and what that decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from study import stats
from study.analysis import frames
from study.plan.plan import Plan
from study.spec.tuning import Values, written
from study.stats import Effect, ExpectedBest, Inference
from study.store.store import Store
from study.tune.tuning import Proposal, TunedArm, Tuning

FAILED = ("failed", "diverged", "refused")


@dataclass(frozen=True)
class LedgerRow:
    """The tuning of one arm."""

    arm: str
    """The digest of the arm in the table."""
    tuned: TunedArm
    expected: Sequence[ExpectedBest]
    """The expected best of the proposals after the first; failed ones count as the worst."""
    mean: float
    """The mean of the tested metric over the seeds that all arms have, with the arm's own values;
    NaN without one."""
    mean_at_baseline: float
    """The same with the values that the baseline has chosen."""
    effect: Effect | None
    """The difference from the baseline, each with its own values."""
    at_baseline: Effect | None
    """The difference from the baseline, both with the values that the baseline has chosen."""

    @property
    def label(self) -> str:
        return self.tuned.arm.label

    @property
    def ended(self) -> list[Proposal]:
        return [proposal for proposal in self.tuned.proposals if proposal.ended]

    @property
    def failed(self) -> int:
        """Trials that failed, diverged, or could not be built."""
        return sum(proposal.objective is None for proposal in self.ended)

    @property
    def seconds(self) -> float:
        """Time of all tuning trials, each counted once."""
        # Two proposals may be one trial, which took its time once.
        by_name = {p.trial.name: p.seconds for p in self.ended if p.trial}
        return sum(by_name.values())

    @property
    def best(self) -> float | None:
        values = [p.objective for p in self.ended if p.objective is not None]
        return (max(values) if self.tuned.higher else min(values)) if values else None

    @property
    def of_file(self) -> float | None:
        """The objective with the values of the file."""
        return self.tuned.proposals[0].objective

    @property
    def keeps_file(self) -> bool:
        """True where no proposal was better than the values of the file."""
        return self.tuned.winner is not None and not self.tuned.winner.number

    @property
    def even(self) -> bool:
        """True where all proposals came out equal, so that none of them is the best."""
        return len(self.ended) > 1 and len({p.objective for p in self.ended}) == 1

    @property
    def chosen(self) -> Values:
        """The values that the arm has chosen; none while it has chosen none."""
        return self.tuned.values if self.tuned.winner else {}


@dataclass(frozen=True)
class Ledger:
    """The tuning of all arms, the baseline first."""

    tuning: Tuning
    metric: str
    """The tested metric, by which arms are compared."""
    higher: bool
    rows: Sequence[LedgerRow]

    @property
    def keeping(self) -> int:
        """The number of arms for which the values of the file were the best."""
        return sum(row.keeps_file for row in self.rows)

    def conclusion(self, effect: Effect | None) -> str:
        """The sign that the 95 % interval of a difference shows: better, worse or undecided."""
        if effect is None or not np.isfinite([effect.low, effect.high]).all():
            return ""
        # An end at zero decides nothing, as in the ties of the table.
        if effect.low <= 0 <= effect.high:
            return "undecided"
        return "better" if (effect.low > 0) == self.higher else "worse"

    def flag(self, row: LedgerRow) -> str:
        """How the conclusion on an arm depends on whose values it has; "" where it is unknown."""
        own, same = self.conclusion(row.effect), self.conclusion(row.at_baseline)
        if not own or not same:
            return ""
        if own == same:
            return "same"
        return "differs" if "undecided" in (own, same) else "flips"

    def order(self, *, own: bool) -> list[str]:
        """The arms from the best to the worst mean; empty unless all have one."""
        means = {row.label: row.mean if own else row.mean_at_baseline for row in self.rows}
        if not np.isfinite([*means.values()]).all():
            return []
        return sorted(means, key=means.__getitem__, reverse=self.higher)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per proposal: its values at the tuned paths, its objective, its seconds."""
        return pd.DataFrame(
            [
                {
                    "label": row.label,
                    "proposal": proposal.number,
                    **_texts(self.tuning, row.tuned, proposal),
                    "state": proposal.state,
                    self.tuning.rules.objective: proposal.objective,
                    "seconds": proposal.seconds if proposal.ended else None,
                    "chosen": proposal is row.tuned.winner,
                    "trial": proposal.trial.name if proposal.trial else "",
                }
                for row in self.rows
                for proposal in row.tuned.proposals
            ]
        )


def _texts(tuning: Tuning, row: TunedArm, proposal: Proposal) -> dict[str, str]:
    """Values as texts, as one column may have numbers and lists."""
    values = {**row.file_values, **proposal.values}
    return {path: written(values[path]) if path in values else "" for path in tuning.rules.space}


def ledger(plan: Plan, store: Store, measured: pd.DataFrame, inference: Inference) -> Ledger | None:
    """The ledger of a study; None for a study that tunes nothing. `measured` is `frames.frame`."""
    if plan.tuning is None or not plan.tested:
        return None
    own = _effects(plan, measured, inference)
    # Of the seeds that all arms have: results decide which arms get more.
    limits = plan.study.sequential
    common = plan.study.seeds[: limits.min if limits else None]
    means = _means(plan, measured[measured.seed.isin(common)])
    moved = frames.at_baseline(plan, store)
    base = stats.of_arm(measured, plan.baseline.digest)
    # No result decides how many seeds these have.
    others = _effects(plan, pd.concat([base, moved]) if len(moved) else base, stats.FIXED)
    means_there = _means(plan, moved)
    rows = [
        LedgerRow(
            arm.digest,
            tuned,
            _expected(tuned),
            mean=means.get(arm.digest, np.nan),
            mean_at_baseline=means_there.get(_there(tuned), np.nan)
            if tuned.at_baseline
            else means.get(arm.digest, np.nan),
            effect=own.get(arm.digest),
            at_baseline=others.get(_there(tuned)) if tuned.at_baseline else own.get(arm.digest),
        )
        for arm, tuned in zip(plan.arms, plan.tuning.arms, strict=True)
    ]
    higher = plan.catalogue[plan.tested].better == "higher"
    return Ledger(plan.tuning, plan.tested, higher, rows)


def _there(tuned: TunedArm) -> str:
    return tuned.at_baseline.digest if tuned.at_baseline else ""


def _effects(plan: Plan, measured: pd.DataFrame, how: Inference) -> Mapping[str, Effect]:
    part = stats.of_metric(measured, plan.tested)
    rows = stats.typed_rows(stats.effects(part, plan.baseline.digest, how), Effect)
    return {row.arm: row for row in rows}


def _means(plan: Plan, measured: pd.DataFrame) -> Mapping[str, float]:
    """Means over seeds; NaN for an arm of which a seed diverged."""
    part = stats.of_metric(measured, plan.tested)
    rows = stats.typed_rows(stats.estimates(part), stats.Estimate)
    return {row.arm: row.mean for row in rows}


def _expected(tuned: TunedArm) -> Sequence[ExpectedBest]:
    drawn = [p.objective for p in tuned.closed[1:]]
    known = [value for value in drawn if value is not None]
    if not known:
        return []
    # Left out, failures would make an arm look better the more of them it had.
    worst = min(known) if tuned.higher else max(known)
    values = np.array([worst if value is None else value for value in drawn])
    return stats.expected_best(values, higher=tuned.higher)
