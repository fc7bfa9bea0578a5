"""A search as a study file has it: a space, objectives, and the constraints of costs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from study.spec.schema.search import SearchKeys
from study.spec.tuning import Categories, SpaceRules, Values, dimension, written

PREFIXES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
# As in `600M`, `6e8` and `0.8x`; no sign, as no cost is negative.
AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)\s*([kKMGT]|x)?")
BASELINE = "x"


@dataclass(frozen=True)
class Bound:
    """A bound of a cost, in base units or as a multiple of the baseline's cost."""

    value: float
    relative: bool = False
    text: str = ""

    def of(self, baseline: float | None) -> float | None:
        """The bound in base units; None where it depends on an unknown cost of the baseline."""
        if not self.relative:
            return self.value
        # Refused counts leave the baseline without a cost.
        return None if baseline is None else self.value * baseline


@dataclass(frozen=True)
class Constraint:
    """The range that a candidate's cost must lie in."""

    low: Bound | None
    high: Bound | None

    def excess(self, cost: float, baseline: float | None) -> float:
        """How far a cost lies outside, as a fraction of the bound; 0 inside."""
        above, below = (b.of(baseline) if b else None for b in (self.high, self.low))
        return max(cost / above - 1 if above else 0.0, 1 - cost / below if below else 0.0, 0.0)

    @property
    def relative(self) -> bool:
        """True if it depends on the baseline's cost."""
        return any(bound.relative for bound in (self.low, self.high) if bound)

    def __str__(self) -> str:
        ends = [("at least", self.low), ("at most", self.high)]
        return " and ".join(f"{word} {bound.text}" for word, bound in ends if bound)


@dataclass(frozen=True, kw_only=True)
class SearchRules(SpaceRules):
    """How a search proposes candidates, and which of them become arms.

    `trials` are the candidates that are trained.
    """

    labels: Mapping[str, Mapping[str, str]]
    """By path and value as text, the label of a value that the file has named."""
    objectives: tuple[str, ...]
    """A quality, then costs; none where the file's are wrong."""
    constraints: Mapping[str, Constraint]
    """By cost."""
    keep: int = 6
    stop: str | None = None

    @property
    def part(self) -> str:
        """The part of the baseline that the search varies."""
        return next(iter(self.space)).partition(".")[0]

    def label(self, values: Values, file: Values) -> str:
        """The label of a candidate: its values that differ from the file's."""
        return " + ".join(self._word(path, v) for path, v in changed(values, file).items())

    def _word(self, path: str, value: object) -> str:
        # A label of the file stands alone; a bare value needs the name of its key.
        label = self.labels.get(path, {}).get(written(value))
        return label or f"{path.rpartition('.')[2]} {in_print(value)}"


def changed(values: Values, file: Values) -> Values:
    """The values of a candidate that differ from the file's."""
    # By texts, since 1 and true are equal in Python and are two categories.
    return {
        path: value
        for path, value in values.items()
        if path not in file or written(file[path]) != written(value)
    }


def in_print(value: object) -> str:
    """A value as a label has it; papers write the list [2, 2, 2] as 2-2-2."""
    return "-".join(map(written, value)) if isinstance(value, list) else written(value)


def bound(value: float | str | None) -> Bound | None:
    """The bound that a file has.

    Raises:
        ValueError: the text is none.
    """
    if value is None:
        return None
    read = _of_text(value) if isinstance(value, str) else Bound(float(value), text=f"{value:g}")
    # No cost is below 0, and of 0 no excess is a fraction. A text may be beyond all numbers.
    if not 0 < read.value < inf:
        raise ValueError(f"{value} is no bound; write a number above 0")
    return read


def _of_text(text: str) -> Bound:
    parts = AMOUNT.fullmatch(text.strip())
    if parts is None:
        raise ValueError(f'"{text}" is no bound; write 6e8, 600M, 0.6G, or 0.8x the baseline\'s')
    number, unit = float(parts[1]), parts[2] or ""
    if unit == BASELINE:
        return Bound(number, relative=True, text=f"{parts[1]} × the baseline's")
    return Bound(number * PREFIXES[unit], text=text.strip())


def search_rules(
    search: SearchKeys,
    objectives: tuple[str, ...],
    constraints: Mapping[str, Constraint],
    held_out: Values,
) -> SearchRules:
    """The rules of checked keys."""
    # Labels are printed; what is proposed are the values.
    named = {path: keys for path, keys in search.space.items() if isinstance(keys, dict)}
    return SearchRules(
        space={
            path: Categories(tuple(keys.values())) if isinstance(keys, dict) else dimension(keys)
            for path, keys in search.space.items()
        },
        labels={
            path: {written(value): label for label, value in keys.items()}
            for path, keys in named.items()
        },
        objectives=objectives,
        constraints=constraints,
        held_out=held_out,
        **search.model_dump(include={"trials", "keep", "stop", "sampler", "seed", "batch"}),
    )
