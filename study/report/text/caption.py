"""The caption of a study's tables: what is shown, on which data, how many seeds, which interval."""

from collections.abc import Iterator

from study import format
from study.analysis.analysis import Analysis
from study.report.text import sequential

NAMED = 3  # factors named in a caption; more are named by the blocks of the table


def caption(analysis: Analysis, *, spread: bool, interval: bool) -> str:
    """The one-line caption of a table whose qualities have a `spread`, or differences an interval.

    "Stem of rest_lite on digits at 64 px, 3 epochs; mean ± sd of 3 seeds, Δ with 95 % t interval."
    """
    parts = [subject(analysis), ", ".join(_numbers(analysis, spread=spread, interval=interval))]
    return f"{'; '.join(filter(None, parts))}."


def subject(analysis: Analysis) -> str:
    """The factors and the protocol: "Stem of rest_lite on digits at 64 px"."""
    plan = analysis.plan
    return _factors(analysis) + plan.task.caption(plan.study, plan.baseline)


def _factors(analysis: Analysis) -> str:
    factors = analysis.plan.study.factors
    # The whole model varies, so that the protocol, which names one, is that of the baseline.
    if [factor.path for factor in factors] == ["model"]:
        return "Comparison with "
    if len(factors) > NAMED:
        return "Ablation of "
    if not factors:
        return ""
    first, *others = (factor.title for factor in factors)
    titles = [first, *map(format.inline, others)]
    return f"{' and '.join(filter(None, [', '.join(titles[:-1]), titles[-1]]))} of "


def _numbers(analysis: Analysis, *, spread: bool, interval: bool) -> Iterator[str]:
    # Costs and timings are not sampled by seeds.
    if not analysis.of_kind("quality") or not analysis.seeds:
        return
    # Weights that are given are evaluated once, whatever the seeds.
    if analysis.seeds > 1 and not analysis.plan.evaluates_given_weights:
        yield f"mean{' ± sd' * spread} of {sequential.seeds(analysis)}"
    if interval and len(analysis.plan.arms) > 1 and _has_intervals(analysis):
        yield f"Δ with {interval_name(analysis)}"


def _has_intervals(analysis: Analysis) -> bool:
    return any(analysis.has_interval(name) for name in analysis.of_kind("quality"))


def interval_name(analysis: Analysis) -> str:
    """The kind of the intervals of differences in words."""
    if analysis.plan.evaluates_given_weights:
        return "95 % bootstrap interval over images"
    return sequential.interval(analysis)
