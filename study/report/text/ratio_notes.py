"""Notes on ratios of timings: what their intervals speak of, and the baseline against itself."""

from collections.abc import Iterator

from study import format
from study.analysis.analysis import Analysis
from study.metrics.ratios import ENOUGH_BUILDS, FEWEST_BUILDS


def notes(analysis: Analysis, *, narrow: bool) -> Iterator[str]:
    """The subject of the intervals of ratios, and how equal models compare.

    A narrow table has no intervals, so it has only what makes them wide.
    """
    yield from few_builds(analysis)
    if not narrow:
        yield _subject(analysis)
        yield from _again(analysis)
    yield from _widened(analysis)


def _subject(analysis: Analysis) -> str:
    if not analysis.builds:
        # As the block bootstrap of earlier versions had it.
        return "95 % intervals of ratios are of the instances that were timed, over rounds alone."
    start, count = "95 % intervals of ratios speak of these models", analysis.session.how.sessions
    if count > 1:
        return f"{start} on this machine over {count} sessions, with the spread between them."
    builds = format.many(analysis.builds, "build")
    return f"{start} on this machine in this session, over {builds} of all models."


def few_builds(analysis: Analysis) -> Iterator[str]:
    """A note where time was too short for the builds that intervals need."""
    if 0 < analysis.builds < ENOUGH_BUILDS:
        lost = "no intervals" if analysis.builds < FEWEST_BUILDS else "wide intervals"
        count = format.many(analysis.builds, "build")
        yield f"Only {count} fitted into the time: {lost}; more timing.seconds give more."


def again_texts(analysis: Analysis) -> dict[str, str]:
    """The ratios of a second instance of the baseline to the first, by metric."""
    texts = dict[str, str]()
    for name, ratio in analysis.session.again.items():
        value, low, high = format.ratio_texts(ratio)
        if name in analysis.metrics:
            texts[name] = f"{format.name(analysis.catalogue[name])} ×{value} [{low}, {high}]"
    return texts


def _again(analysis: Analysis) -> Iterator[str]:
    if not analysis.builds:
        return
    texts = ", ".join(again_texts(analysis).values())
    if texts:
        yield f"● against a second instance of itself: {texts}."
    else:
        yield "● has no interval against a second instance of itself."


def _widened(analysis: Analysis) -> Iterator[str]:
    """The metrics whose intervals are wider, as equal models were told apart."""
    wider = [
        format.name(analysis.catalogue[name])
        for name, ratio in analysis.session.again.items()
        if name in analysis.metrics and not ratio.low <= 1 <= ratio.high
    ]
    # Of pooled sessions, each has widened its own.
    if wider and analysis.session.how.sessions == 1:
        yield (
            f"In {' and '.join(wider)}, the interval of ● against a second instance of itself "
            "excludes 1; those of all ratios are wider by that ratio at either end."
        )
