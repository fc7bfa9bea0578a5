"""How often sequential seeds decide wrongly, and the seeds that they save, on simulated studies.

    python benchmarks/sequential.py [--studies 2000]

All contrasts of a study are differences from the same baseline, so any two are correlated by 0.5;
their sd over seeds is 1. A study adds seeds until each contrast is decided, at most to the last
look. "Holm/look" is the usual corrected t test and "naive" the 95 % t interval of each contrast,
both read after every seed until they exclude 0. Power is the share of the contrasts that differ
that are decided with the right sign. "e:" is an e-process, the alternative that needs no last look.
"Same pow." is the fixed number of seeds with the same power, for somebody who knew the effect.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtr

from study import stats
from study.stats.sequential import Rule, decided, repeated_interval

RULES = (Rule(3, 12), Rule(3, 20))
FAMILIES = (3, 10, 20)
EFFECTS = (0.5, 1.0, 2.0)
Array = np.ndarray[Any, np.dtype[Any]]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]
Interval = Callable[[Array], tuple[float, float]]


# ---- noise of single runs: mean 0, sd 1 ----


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.normal(size=shape)


def heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Student's t with three degrees of freedom."""
    return rng.standard_t(3, size=shape) / np.sqrt(3)


def collapsing(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A run in ten falls by five sd."""
    runs = rng.normal(size=shape) - 5 * (rng.random(shape) < 0.1) + 0.5
    return np.asarray(runs / np.sqrt(1 + 25 * 0.09))


def steady(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Runs that hardly vary."""
    return 0.2 * rng.normal(size=shape)


class Noise(NamedTuple):
    """The runs of the arms and those of the baseline."""

    arm: Draw
    baseline: Draw


NORMAL = Noise(normal, normal)
NOISE = {
    "normal": NORMAL,
    "t with 3 df": Noise(heavy, heavy),
    "1 in 10 collapses": Noise(collapsing, normal),
    "..., base steady": Noise(collapsing, steady),
}


def differences(rng: np.random.Generator, noise: Noise, truths: Array, seeds: int) -> Array:
    """(contrasts, seeds), with the true means given."""
    arms, baseline = noise.arm(rng, (len(truths), seeds)), noise.baseline(rng, (seeds,))
    return np.asarray(truths[:, None] + (arms - baseline) / np.sqrt(2))


# ---- rules: p by contrast and look -> decided, and with how many seeds ----


class Outcome(NamedTuple):
    """By contrast."""

    decided: Array
    seeds: Array


def sequential(sample: Array, rule: Rule) -> Outcome:
    states = decided(dict(enumerate(sample)), rule).values()
    ended = np.array([now.state != "undecided" for now in states])
    return Outcome(ended, np.array([now.seeds for now in states]))


def t_values(sample: Array, rule: Rule) -> Array:
    """(contrasts, n) -> (contrasts, looks)."""
    looks = [sample[:, :n] for n in range(rule.min, rule.max + 1)]
    return np.stack(
        [p.mean(axis=1) / p.std(axis=1, ddof=1) * np.sqrt(p.shape[1]) for p in looks], axis=1
    )


def usual_p(sample: Array, rule: Rule) -> Array:
    """The p of the paired t test at each look, (contrasts, looks)."""
    freedom = np.arange(rule.min, rule.max + 1) - 1
    return np.asarray(2 * stdtr(freedom, -abs(t_values(sample, rule))))


def e_process_p(sample: Array, rule: Rule, width: float = 2.0) -> Array:
    """1 / the Bayes factor of the t test, its mean over sd being normal with sd `width`.

    A test martingale of the t statistics: Lai, "On confidence sequences", 1976; Wang & Ramdas,
    "Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance",
    2025. Of the widths 1, 2, 3, 10 and 50, 2 needs about the fewest seeds for 1 to 2 sd.
    """
    n = np.arange(rule.min, rule.max + 1)
    square, grown = t_values(sample, rule) ** 2 / (n - 1), 1 + n * width**2
    factor = ((1 + square) / (1 + square / grown)) ** (n / 2) / np.sqrt(grown)
    return np.minimum(1 / factor, 1)


def by_holm(p: Array, rule: Rule) -> Outcome:
    """Stops each contrast at the first look whose corrected p is at most 0.05."""
    last, seeds = p[:, 0], np.full(len(p), rule.max)
    ended = np.zeros(len(p), bool)
    for look in range(p.shape[1]):
        last = np.where(ended, last, np.minimum(last, p[:, look]))
        new = (stats.holm(last) <= rule.alpha) & ~ended
        seeds[new], ended = rule.min + look, ended | new
    return Outcome(ended, seeds)


def naive(p: Array, rule: Rule) -> Outcome:
    """Stops each contrast when its 95 % t interval excludes 0."""
    below = p <= rule.alpha
    ended = below.any(axis=1)
    return Outcome(ended, np.where(ended, rule.min + below.argmax(axis=1), rule.max))


def holds(sample: Array, outcome: Outcome, truths: Array, interval: Interval) -> Array:
    """Which intervals of the seeds so far have the truth, (contrasts,)."""
    rows = zip(sample, outcome.seeds, strict=True)
    low, high = np.transpose([interval(row[:n]) for row, n in rows])
    return np.asarray((low <= truths) & (truths <= high))


# ---- tables ----


def null_row(noise: Noise, family: int, rule: Rule, studies: int) -> list[float]:
    """Per cent of studies with a false decision by three rules; then intervals that hold."""
    rng, truths, counts = np.random.default_rng(family), np.zeros(family), []
    for _ in range(studies):
        sample = differences(rng, noise, truths, rule.max)
        p = usual_p(sample, rule)
        ours, peeking = sequential(sample, rule), naive(p, rule)
        all_of = holds(sample, ours, truths, partial(repeated_interval, rule=rule, tests=family))
        alone = holds(sample, ours, truths, partial(repeated_interval, rule=rule))
        false = [outcome.decided.any() for outcome in (ours, by_holm(p, rule), peeking)]
        held = [all_of.all(), alone.mean(), holds(sample, peeking, truths, stats.interval).mean()]
        counts.append([*false, *held])
    return [float(100 * share) for share in np.mean(counts, axis=0)]


class Saving(NamedTuple):
    """What one simulated effect shows; powers in per cent, seeds as means per contrast."""

    power: float
    seeds: float
    fixed_power: float
    """With the last look's number of seeds from the start."""
    fixed_seeds: float
    """The fixed number with the power of the sequential rule, between whole numbers."""
    e_power: float
    e_seeds: float
    wrong: float
    """Studies with an equal arm or a wrong sign decided."""
    hold: float
    naive_hold: float


def saving(effect: float, family: int, rule: Rule, studies: int) -> Saving:
    """The first half of the contrasts differ by `effect` with either sign, the others not."""
    rng, signs = np.random.default_rng(round(10 * effect)), (-1.0) ** np.arange(family)
    differ = np.arange(family) < (family + 1) // 2
    truths, counts, fixed = effect * signs * differ, [], []
    repeated = partial(repeated_interval, rule=rule, tests=family)
    for _ in range(studies):
        sample = differences(rng, NORMAL, truths, rule.max)
        p = usual_p(sample, Rule(2, rule.max))
        fixed.append([(stats.holm(row) <= rule.alpha)[differ].mean() for row in p.T])
        ours, peeking = sequential(sample, rule), naive(p[:, rule.min - 2 :], rule)
        e_process = by_holm(e_process_p(sample, rule), rule)
        means = np.array([row[:n].mean() for row, n in zip(sample, ours.seeds, strict=True)])
        right = ours.decided & (np.sign(means) == signs)
        wrong = (ours.decided & ~(right & differ)).any()
        counts.append(
            [
                *(right[differ].mean(), ours.seeds[differ].mean()),
                *(e_process.decided[differ].mean(), e_process.seeds[differ].mean(), wrong),
                holds(sample, ours, truths, repeated).all(),
                holds(sample, peeking, truths, stats.interval).mean(),
            ]
        )
    power, seeds, e_power, e_seeds, *rest = np.mean(counts, axis=0)
    curve = np.mean(fixed, axis=0)
    shares = [100 * share for share in (power, curve[-1], e_power, *rest)]
    same = seeds_at(power, curve)
    return Saving(shares[0], seeds, shares[1], same, shares[2], e_seeds, *shares[3:])


def seeds_at(power: float, curve: Array) -> float:
    """The first place where a curve over 2, 3, ... seeds has the power, between whole numbers."""
    above = int(np.argmax(curve >= power))
    if above == 0:
        return 2.0
    return float(above + 1 + (power - curve[above - 1]) / (curve[above] - curve[above - 1]))


class Edge(NamedTuple):
    """A kind of study in which a decision is easily wrong."""

    title: str
    truths: tuple[float, ...]
    margin: float
    right: tuple[str, ...]
    """For each truth the state that is right, "" if no decision is."""


EDGES = (
    Edge("equal arms", (0.0,), 1.0, ("equal",)),
    Edge("at the margin", (1.0, -1.0), 1.0, ("", "")),
    Edge("just inside and beyond", (0.9, -1.1), 1.0, ("equal", "beyond")),
    Edge("well beyond and at the margin", (4.0, 1.0), 1.0, ("beyond", "")),
    Edge("large and nearly no differences", (3.0, 0.1, -0.1), 0.0, ("different",) * 3),
)


def edge_row(edge: Edge, family: int, rule: Rule, studies: int) -> list[float]:
    """Per cent of contrasts decided rightly, of studies with a wrong decision; mean seeds."""
    rng, counts = np.random.default_rng(family), []
    truths, right = (np.resize(np.array(part), family) for part in (edge.truths, edge.right))
    for _ in range(studies):
        sample = differences(rng, NORMAL, truths, rule.max)
        margins = dict.fromkeys(range(family), edge.margin)
        states = [*decided(dict(enumerate(sample)), rule, margins).values()]
        signs = [row[: now.seeds].mean() > 0 for row, now in zip(sample, states, strict=True)]
        # A small difference may be equal with either sign.
        agree = (signs == (truths > 0)) | (right == "equal")
        good = (np.array([now.state for now in states]) == right) & agree
        ended = np.array([now.state != "undecided" for now in states])
        seeds = np.mean([now.seeds for now in states])
        counts.append([100 * good.mean(), 100.0 * (ended & ~good).any(), seeds])
    return [float(mean) for mean in np.mean(counts, axis=0)]


def equal_table(studies: int) -> Iterator[str]:
    yield "Equal arms: per cent of studies with a false decision, and of intervals that hold"
    titles = ["sequential", "Holm/look", "naive", "all hold", "each holds", "naive holds"]
    yield f"{'noise':18} {'contrasts':>9} {'seeds':>8}" + "".join(f"{t:>12}" for t in titles)
    cases = [("normal", family, rule) for rule in RULES for family in FAMILIES]
    cases += [(name, 10, RULES[0]) for name in list(NOISE)[1:]]
    for name, family, rule in cases:
        row = null_row(NOISE[name], family, rule, studies)
        seeds = f"{rule.min} to {rule.max}"
        yield f"{name:18} {family:9} {seeds:>8}" + "".join(f"{share:12.1f}" for share in row)


def saving_table(studies: int) -> Iterator[str]:
    yield "Half of the contrasts differ: power in per cent, mean seeds of a contrast that differs"
    titles = ["power", "seeds", "at most", "saved %", "same pow.", "saved %"]
    titles += ["e: power", "e: seeds", "wrong", "all hold", "naive holds"]
    yield f"{'effect':>6} {'contrasts':>9} {'seeds':>8}" + "".join(f"{t:>12}" for t in titles)
    cases = [(effect, family, rule) for rule in RULES for family in (1, 10) for effect in EFFECTS]
    for effect, family, rule in cases:
        row = saving(effect, family, rule, studies)
        saved = [100 * (1 - row.seeds / n) for n in (rule.max, row.fixed_seeds)]
        values = [row.power, row.seeds, row.fixed_power, saved[0], row.fixed_seeds, saved[1]]
        values += [row.e_power, row.e_seeds, row.wrong, row.hold, row.naive_hold]
        seeds = f"{rule.min} to {rule.max}"
        yield f"{effect:6.1f} {family:9} {seeds:>8}" + "".join(f"{v:12.1f}" for v in values)


def edge_table(studies: int) -> Iterator[str]:
    yield "Margins and signs: per cent of contrasts and of studies"
    titles = ["margin", "right", "any wrong", "seeds"]
    yield f"{'truth':32} {'contrasts':>9} {'seeds':>8}" + "".join(f"{t:>12}" for t in titles)
    for edge in EDGES:
        for rule in RULES:
            values = [edge.margin, *edge_row(edge, 10, rule, studies)]
            seeds = f"{rule.min} to {rule.max}"
            yield f"{edge.title:32} {10:9} {seeds:>8}" + "".join(f"{v:12.1f}" for v in values)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--studies", type=int, default=2000, help="for every row printed")
    studies = parser.parse_args().studies
    for table in (equal_table, saving_table, edge_table):
        for line in chain(table(studies), [""]):
            print(line, flush=True)
