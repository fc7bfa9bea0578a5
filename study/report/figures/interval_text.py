"""The kind and the sample of an interval in words, as figures print them."""

from study.analysis.analysis import Analysis
from study.format import many
from study.report.text import sequential


def interval_text(analysis: Analysis, metric: str, *, level: bool = False) -> str:
    """How the intervals of a quality were taken: "95 % t interval, 3 seeds".

    With `level`, those of arms' means, which are on the logit scale for fractions, and not those
    of differences.
    """
    if analysis.hits.of(metric):
        return f"95 % bootstrap interval, {many(analysis.hits.images, 'image')}"
    # Only the kind: what follows it belongs into a caption.
    kind = sequential.interval(analysis).partition(",")[0]
    if level and not analysis.plan.paired:  # Welch's is that of a difference
        kind = "95 % t interval"
    scale = " on the logit scale" if level and analysis.catalogue[metric].is_fraction else ""
    return f"{kind}{scale}, {sequential.seeds(analysis).removesuffix(' (n)')}"
