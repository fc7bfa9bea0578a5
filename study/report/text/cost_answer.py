"""Sentences of the answer on cost: the arm that saves most, and the price of a better one."""

from collections.abc import Iterator

from study import format
from study.report.text.compared import ComparedArms

VISIBLE = 0.02  # smallest relative difference in a cost that an answer mentions
DOUBLE = 2  # from here on a cost is a multiple of another, below a share more


def cost_sentences(compared: ComparedArms) -> Iterator[str]:
    """The largest saving among arms that are not worse, else the cost of the best arm.

    Costs are exact, so no test stands behind these sentences; speed is mentioned where its interval
    says something.
    """
    changes = _changes(compared)
    # An arm that is worse saves nothing that a reader could want.
    savings = {key: 1 - ratio for key, ratio in changes.items() if key[0] not in compared.worse}
    arm, metric = max(savings, key=savings.__getitem__, default=("", ""))
    if savings and savings[arm, metric] >= VISIBLE:
        share = f"{100 * savings[arm, metric]:.0f} % of the {_name(compared, metric)}"
        yield f"{compared.listed([arm])} saves {share}{_speed(compared, arm)}{_but(compared, arm)}."
    elif compared.better:
        best = max(compared.better, key=lambda arm: abs(compared.rows[arm].mean))
        yield from _price(compared, best, changes)


def _changes(compared: ComparedArms) -> dict[tuple[str, str], float]:
    """The costs of the arms over the baseline's, by arm and metric, where a quality is known."""
    analysis, base = compared.analysis, compared.analysis.plan.baseline.digest
    estimates = analysis.estimates
    return {
        (arm, metric): estimates[arm, metric].mean / estimates[base, metric].mean
        for metric in analysis.of_kind("cost")
        for arm in compared.rows
        if (arm, metric) in estimates and (base, metric) in estimates
        if estimates[base, metric].mean
    }


def _price(
    compared: ComparedArms, arm: str, changes: dict[tuple[str, str], float]
) -> Iterator[str]:
    own = {metric: ratio for (of, metric), ratio in changes.items() if of == arm}
    metric = max(own, key=own.__getitem__, default="")
    if own and own[metric] - 1 >= VISIBLE:
        much = f"{format.significant(own[metric])} times the"
        amount = much if own[metric] >= DOUBLE else f"{100 * (own[metric] - 1):.0f} % more"
        what = f"{amount} {_name(compared, metric)}"
        yield f"{compared.listed([arm])} costs {what}{_speed(compared, arm)}."


def _name(compared: ComparedArms, metric: str) -> str:
    # "Params" and "MACs" are plural words; a heading begins with a capital, a word does not.
    return format.inline(format.name(compared.analysis.catalogue[metric]))


def _speed(compared: ComparedArms, arm: str) -> str:
    """A clause on the first timing in which higher is better, where its ratio is conclusive."""
    analysis = compared.analysis
    resolution = analysis.plan.study.timing.resolution
    for name in analysis.of_kind("speed"):
        ratio = analysis.ratios.records.get((arm, name))
        if analysis.catalogue[name].better != "higher" or ratio is None:
            continue
        if not format.conclusive(ratio, resolution):
            return ""
        value, low, high = format.ratio_texts(ratio)
        interval = f"{value} times as fast [{low}, {high}]"
        return f" and runs {interval}" if ratio.value >= 1 else f", yet runs {interval}"
    return ""


def _but(compared: ComparedArms, arm: str) -> str:
    """A clause on quality: a difference that was not shown may exist."""
    if arm not in compared.indistinguishable:
        return ""
    name = format.name(compared.metric)
    return f"; its {name} cannot be distinguished from the baseline's ({compared.amount(arm)})"
