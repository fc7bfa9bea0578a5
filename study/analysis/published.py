"""The published numbers and claims of a plan, compared with its measurements."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from study import format, stats
from study.analysis import claims, explanations, verdicts
from study.analysis.explanations import Alternative, CostMatches
from study.analysis.image_hits import ImageHits
from study.analysis.outcomes import NO_OUTCOMES, Outcomes
from study.analysis.quantities import SpeedRatios
from study.metrics import RULES
from study.plan.comparisons import compared, contrasts, digests, distinct, named_arms, study_claims
from study.plan.plan import Plan
from study.spec import image_size
from study.spec.metric import Metric, sized
from study.spec.study import PublishedNumber
from study.store.store import Store
from study.tasks.arms import PlannedArm

PROTOCOL_KEYS = {
    "quality": ("model", "data", "img_size", "recipe", "epochs", "batch_size"),
    "cost": ("model", "data", "img_size"),
    "speed": ("model", "img_size"),
}
"""Protocol keys that must agree before two numbers are comparable, by kind of metric.

Hardware is absent: timings are compared only as ratios between rows.
"""

PROTOCOL_LABELS = {"img_size": "image size", "batch_size": "batch size"}


@dataclass(frozen=True)
class Assessment:
    verdicts: pd.DataFrame
    """Rows of `verdicts.verdicts`, with `unlike` and the `reason` of a contradicted cost."""
    sentences: tuple[str, ...]
    """Explanations of the published costs, over all arms."""
    unverified: int
    """Number of published values that no source confirms; they get no verdict."""


def assess(
    plan: Plan,
    frame: pd.DataFrame,
    ratios: SpeedRatios,
    store: Store,
    *,
    hits: ImageHits,
    how: stats.Inference = stats.FIXED,
    outcomes: Outcomes = NO_OUTCOMES,
) -> Assessment:
    """All verdicts of a plan; `frame` is the result of `frames.frame`."""
    printed = published(plan)
    rows = verdicts.verdicts(
        printed,
        frame,
        catalogue=plan.catalogue,
        baseline=plan.baseline.digest,
        margins=plan.study.margins,
        ratios=ratios,
        hits=hits,
        how=how,
        outcomes=outcomes,
    )
    matches = explanations.cost_matches(plan, store, _costs(plan, rows))
    # If the unchanged models have every published cost, there is nothing to explain.
    missed = [row for row in matches.values() if not all(map(row.matches_unchanged, row.printed))]
    guesses = explanations.best_alternatives(matches)
    rows["reason"] = [
        _reason(row, guesses, matches) for row in stats.typed_rows(rows, LevelVerdict)
    ]
    rows = rows.merge(printed[["arm", "metric", "unlike"]], on=["arm", "metric"], how="left")
    return Assessment(
        verdicts=rows,
        sentences=tuple(explanations.sentences(matches, plan.catalogue)) if missed else (),
        unverified=int((printed["status"] == "unverified").sum()),
    )


def evaluated_claims(
    plan: Plan,
    frame: pd.DataFrame,
    ratios: SpeedRatios,
    hits: ImageHits,
    *,
    others: Sequence[float] = (),
    how: stats.Inference = stats.FIXED,
    outcomes: Outcomes = NO_OUTCOMES,
) -> tuple[claims.EvaluatedClaim, ...]:
    """All claims, evaluated and corrected as one family with the contrasts outside claims.

    `others` has the p of those contrasts.
    """
    return claims.family(
        study_claims(plan),
        frame,
        digests(plan),
        catalogue=plan.catalogue,
        ratios=ratios,
        hits=hits,
        others=others,
        how=how,
        outcomes=outcomes,
    )


def family_size(plan: Plan, ratios: SpeedRatios) -> int:
    """Number of tests in the family that Holm's method corrects.

    These are claims that rest on an interval, and contrasts of pairs that no claim compares.
    """
    uncertain = (
        claims.uncertain(claim, plan.catalogue[claim.metric], ratios)
        for claim in study_claims(plan)
    )
    return sum(uncertain) + _other_tests(plan)


def _other_tests(plan: Plan) -> int:
    """Number of contrasts of pairs that no claim compares."""
    return len(contrasts(plan)) - len(distinct(compared(plan)))


# ---- published numbers ----


def published(plan: Plan) -> pd.DataFrame:
    """One row per arm and metric with a published number, as `verdicts.verdicts` takes it."""
    arms = named_arms(plan)
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for label, numbers in plan.study.published.items():
        for metric, printed in numbers.items():
            arm = arms[label]
            # A baseline may be published under several labels; the first of them is its row.
            rows.setdefault(
                (arm.digest, metric),
                {
                    "row": label,
                    "arm": arm.digest,
                    "metric": metric,
                    "value": printed.value,
                    "digits": printed.digits,
                    "status": printed.status,
                    "spread": printed.spread,
                    "unlike": "; ".join(protocol_differences(plan, arm, printed, metric=metric)),
                },
            )
    columns = ["row", "arm", "metric", "value", "digits", "spread", "status", "unlike"]
    return pd.DataFrame(list(rows.values()), columns=columns)


def protocol_differences(
    plan: Plan, arm: PlannedArm, printed: PublishedNumber, *, metric: str
) -> list[str]:
    """Reasons why a published number and ours cannot be compared; empty if they can."""
    here = protocol(plan, arm)
    if (size := sized(metric)[1]) is not None:
        here["img_size"] = size  # "top1@320" is evaluated at 320, whatever the arm trains at
    return list(_differences(here, printed, plan.catalogue[metric]))


def _differences(
    here: Mapping[str, object], printed: PublishedNumber, metric: Metric
) -> Iterator[str]:
    unstated = []
    for key in PROTOCOL_KEYS[metric.kind]:
        there, word = getattr(printed.protocol, key), PROTOCOL_LABELS.get(key, key)
        if here.get(key) is None:  # trials of this task have no such thing
            if there is not None:
                yield f"{word}: {_shown(there)} published, which trials of this task do not state"
            continue
        # A row that states no model is about the model of its label.
        if there is None and key != "model":
            unstated.append(word)
        elif there not in (None, here[key]):
            yield f"{word}: {_shown(here[key])} here, {_shown(there)} published"
    if unstated:
        yield f"not stated by the source: {', '.join(unstated)}"
    counting, rule = printed.protocol.counting, format.rule(metric)
    if counting and rule in RULES and counting != rule:
        yield f"counting: {rule} here, {counting} published"


def _shown(value: object) -> object:
    """A value of a protocol in print; the only tuples are image sizes."""
    return image_size.printed(value) if isinstance(value, tuple) else value


def protocol(plan: Plan, arm: PlannedArm) -> dict[str, object]:
    """Facts about our own measurement of an arm, by the keys of `schema.Protocol` and others."""
    return dict(vars(plan.task.facts(plan.study, arm)))


# ---- explanations ----

EXPLANATIONS = 3  # at most so many are named where several fit


class LevelVerdict(NamedTuple):
    """The columns of a row of `verdicts.verdicts` that are read here."""

    row: str
    arm: str
    metric: str
    level: str


def _costs(plan: Plan, verdict_rows: pd.DataFrame) -> dict[str, dict[str, PublishedNumber]]:
    """The published costs that have a verdict, by arm and metric."""
    rows: dict[str, dict[str, PublishedNumber]] = {}
    for row in stats.typed_rows(verdict_rows, LevelVerdict):
        if plan.catalogue[row.metric].exact and row.level != verdicts.NOT_COMPARABLE:
            rows.setdefault(row.arm, {})[row.metric] = plan.study.published[row.row][row.metric]
    return rows


def _reason(
    row: LevelVerdict, guesses: Mapping[str, list[Alternative]], matches: Mapping[str, CostMatches]
) -> str:
    """The explanation of a contradicted cost, "" without one; matches by chance do not count."""
    every = guesses.get(row.arm, ())
    if row.level != verdicts.CONTRADICTED or not every:
        return ""
    counted = row.metric in explanations.COUNTED
    # With enough alternatives some match any number, so a match alone explains nothing.
    good = [guess for guess in every if explanations.explains(matches, guess)]
    if not good:
        fit = "1 alternative fits" if len(every) == 1 else f"{len(every)} alternatives fit"
        return f"{fit}; {explanations.by_chance(matches, every[0])}"
    fits = [str(guess) if counted else guess.change for guess in good]
    named = [text for text in dict.fromkeys(fits) if text]
    more = f" or {len(named) - EXPLANATIONS} others" if len(named) > EXPLANATIONS else ""
    return f"matches {', or '.join(named[:EXPLANATIONS])}{more}" if named else ""
