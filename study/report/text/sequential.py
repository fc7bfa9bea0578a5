"""Texts on studies that add seeds until their comparisons are decided."""

from collections.abc import Iterator

from study.analysis.analysis import Analysis
from study.format import many
from study.report.text import pairing
from study.stats import SequentialInference


def seeds(analysis: Analysis) -> str:
    """The number of seeds of an arm in words: "3 seeds", or "1 to 3 of 9 seeds" while some run."""
    limits = analysis.plan.study.sequential
    if limits is None:
        # Replicates have no number that every arm should have.
        if not analysis.plan.paired and (counts := _finished(analysis).removesuffix("of ")):
            return f"{counts}replicates"
        return f"{_finished(analysis)}{pairing.seeds(analysis.plan, analysis.seeds)}"
    return f"{limits.min} to {limits.max} seeds (n)"


def _finished(analysis: Analysis) -> str:
    """How many seeds the means are of: "3 of ", "1 to 3 of ", or "" if they are of all."""
    names = analysis.of_kind("quality")
    counts = {int(row.n) for (_, name), row in analysis.estimates.items() if name in names}
    if not counts or min(counts) == analysis.seeds:
        return ""
    return f"{' to '.join(map(str, sorted({min(counts), max(counts)})))} of "


def interval(analysis: Analysis) -> str:
    """The kind of the intervals of differences in words."""
    how = analysis.inference
    if not isinstance(how, SequentialInference):
        return "95 % t interval" if how.paired else "95 % Welch interval"
    together = f", and for {how.tests} comparisons together" if how.tests > 1 else ""
    return f"repeated 95 % interval, which holds at every look at the seeds{together}"


def notes(analysis: Analysis) -> Iterator[str]:
    """How many seeds arms have, and why."""
    states = analysis.decisions.values()
    undecided = sum(state.state == "undecided" for state in states)
    verb = "is" if len(states) == 1 else "are"
    yield (
        f"(n/{analysis.seeds}): n of at most {analysis.seeds} seeds. A look is taken after every "
        "seed, and an arm gets no more seeds once its declared comparisons are decided: "
        f"{len(states) - undecided} of {many(len(states), 'comparison')} {verb}, at an error rate "
        "of 5 % for all of them and all looks."
    )
