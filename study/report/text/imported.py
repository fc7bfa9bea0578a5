"""The origin of results that no trial of ours has measured: a file, its digest, and its metrics."""

from collections.abc import Iterator

from study import format
from study.analysis.analysis import Analysis


def origin(analysis: Analysis) -> str:
    """A sentence for every caption: what is from which file, and what is not; "" without one.

    "Top-1 is imported from runs.csv (sha256 1a2b3c4d5e); Params and MACs are counted here."
    """
    measured = analysis.plan.measured
    if measured is None:
        return ""
    imported = _are(analysis, "quality", f"imported from {measured.source}")
    return f"{'; '.join([imported, *_own(analysis)])}."


def _own(analysis: Analysis) -> Iterator[str]:
    """The costs and speeds, which this study has measured itself."""
    for kind, how in (("cost", "counted here"), ("speed", "timed here")):
        if analysis.of_kind(kind):
            yield _are(analysis, kind, how)


def _are(analysis: Analysis, kind: str, how: str) -> str:
    names = [format.name(analysis.catalogue[name]) for name in analysis.of_kind(kind)]
    return f"{' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))} {_verb(names)} {how}"


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
