"""How often the statistics are right, on simulated studies whose truth is known.

    python benchmarks/coverage.py [--studies 2000]

Prints one row per method and kind of study, one column per number of seeds. Intervals that promise
95 % should hold the truth in 93 to 97 of 100 studies; where they do not, the row says so. ρ is the
correlation of two arms over seeds. Rows share their draws.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from study import stats
from study.analysis import claims
from study.tasks.classification.task import TASK

SEEDS = (3, 5, 6, 8, 10)
IMAGES = 360
SD = 0.01  # of top-1 over seeds
Array = np.ndarray[Any, np.dtype[Any]]
Chance = np.random.Generator
Equal = Callable[[Chance, int], Array]


# ---- studies: (arms, seeds) of top-1, the arms' truths given ----


def normal(chance: Chance, truths: Array, seeds: int, rho: float) -> Array:
    """Seeds move all arms together by the share `rho` of their variance."""
    own, shared = chance.normal(size=(len(truths), seeds)), chance.normal(size=seeds)
    return truths[:, None] + SD * (np.sqrt(rho) * shared + np.sqrt(1 - rho) * own)


def coarse(chance: Chance, truths: Array, seeds: int, rho: float) -> Array:
    """Right answers on 360 images: full counts, ties, and a spread of their own."""
    chances = np.clip(normal(chance, truths, seeds, rho), 0, 1)
    return chance.binomial(IMAGES, chances) / IMAGES


def skewed(chance: Chance, truths: Array, seeds: int, rho: float) -> Array:
    """The first arm's seeds are nearly alike, the others' sometimes bad: skewed differences."""
    own = 1 - chance.exponential(size=(len(truths), seeds))
    own[0] *= 0.2
    return truths[:, None] + SD * (np.sqrt(rho) * chance.normal(size=seeds) + own)


STUDIES = {"normal": normal, "360 images": coarse, "skewed": skewed}
Draw = Callable[[Chance, Array, int, float], Array]


def network(chance: Chance, seeds: int, gap: float = 0.15) -> tuple[stats.Hits, float]:
    """Two arms on images that are new in every study, and the true difference of top-1.

    An image is easy or hard for both arms, and somewhat for each; a seed is good or bad.
    """
    ease, taste = chance.normal(size=IMAGES), 0.3 * chance.normal(size=(2, 1, IMAGES))
    skill = 0.1 * chance.normal(size=(2, seeds, 1)) + np.array([1.5 + gap, 1.5])[:, None, None]
    right = skill + ease + taste + 0.5 * chance.normal(size=(2, seeds, IMAGES)) > 0
    sd = np.sqrt(1 + 0.3**2 + 0.1**2 + 0.5**2)
    return stats.Hits(list(range(seeds)), *right), float(ndtr((1.5 + gap) / sd) - ndtr(1.5 / sd))


def framed(values: Array) -> pd.DataFrame:
    """(arms, seeds) -> a frame; arms are called by their numbers."""
    arms, seeds = np.indices(values.shape)
    columns = {"arm": arms.ravel().astype(str), "seed": seeds.ravel(), "metric": "top1"}
    return pd.DataFrame({**columns, "value": values.ravel()})


# ---- what is counted: one study -> was it right, None where nothing is said ----


def held(ends: tuple[float, float], truth: float) -> bool | None:
    return None if np.isnan(ends[0]) else bool(ends[0] <= truth <= ends[1])


BASE = np.array([0.9, 0.905])


def of_pairs(
    interval: Callable[[Array], tuple[float, float]],
    draw: Draw,
    rho: float,
    chance: Chance,
    seeds: int,
) -> bool | None:
    base, other = draw(chance, BASE, seeds, rho)
    return held(interval(other - base), BASE[1] - BASE[0])


def of_seeds_and_images(chance: Chance, seeds: int) -> bool | None:
    seen, truth = network(chance, seeds)
    row = stats.seeds_and_images(seen.change)
    return held((row.low, row.high), truth)


TASTES = {
    "few images differ": (0.3, 0.02, 0.7),
    "images differ": (0.6, 0.1, 0.7),
    "images decide": (1.0, 0.02, 0.3),
    "seeds decide": (0.3, 0.3, 0.7),
}
"""Standard deviations of arms by image, by seed, and by image and seed, beside an ease of 1."""


def equal_by_image(images: int, taste: tuple[float, float, float]) -> Equal:
    """equal(chance, seeds): two arms that are equal over all images, on some of them."""
    own, skill, rest = taste

    def equal(chance: Chance, seeds: int) -> Array:
        ease = chance.normal(1.2, 1, images) + own * chance.normal(size=(2, 1, images))
        moved = skill * chance.normal(size=(2, seeds, 1))
        right = ease + moved + rest * chance.normal(size=(2, seeds, images)) > 0
        return stats.Hits(list(range(seeds)), *right).change

    return equal


def zero_outside(equal: Equal, chance: Chance, seeds: int, *, by_image: bool) -> bool | None:
    """Whether an interval over seeds, or over seeds and images, tells equal arms apart."""
    change = equal(chance, seeds)
    row = stats.seeds_and_images(change)
    low, high = row[-2:] if by_image else stats.interval(change.mean(axis=1))
    return None if np.isnan(low) else bool(low > 0 or high < 0)


def of_seeds_alone(chance: Chance, seeds: int) -> bool | None:
    """The paired interval, taken for one that holds on new images, too."""
    seen, truth = network(chance, seeds)
    return held(stats.interval((1.0 * seen.first - seen.second).mean(axis=1)), truth)


CELLS = {str(number): chosen for number, chosen in enumerate(product(range(2), range(3)))}
EFFECTS = {
    "main effect": (((1, 2),), 0.006 + 0.004 / 2),
    "interaction": (((0, 1), (1, 2)), 0.004),
}


def of_factors(name: str, rho: float, chance: Chance, seeds: int) -> bool | None:
    """Two factors of two and three levels; the last level of each need each other."""
    term, truth = EFFECTS[name]
    truths = [0.9 + 0.003 * a + 0.003 * b + 0.004 * (a == 1 and b == 2) for a, b in CELLS.values()]
    rows = stats.factorial(framed(normal(chance, np.array(truths), seeds, rho)), CELLS)
    row = next(row for row in rows.itertuples() if row.term == term)
    return held((float(row.low), float(row.high)), truth)


def within_floor(rho: float, chance: Chance, seeds: int) -> bool | None:
    """Whether the difference of two equal arms is below the noise floor."""
    base, other = normal(chance, np.full(2, 0.9), seeds, rho)
    again = normal(chance, np.full(1, 0.9), seeds, rho)[0]
    rows = framed(np.array([base, again])).replace({"arm": {"0": "base", "1": stats.AA}})
    floor = float(stats.noise_floor(rows, "base")["floor"].iloc[0])
    return bool(abs((other - base).mean()) < floor)


def shown(chance: Chance, seeds: int) -> bool | None:
    """Whether the smallest effect that so many seeds can show is shown."""
    truth = stats.smallest_effect(seeds)
    low, high = stats.interval(chance.normal(truth, 1, seeds))
    return bool(low > 0 or high < 0)


def told_apart(draw: Draw, rho: float, chance: Chance, seeds: int) -> bool | None:
    """Whether equal arms are distinguished by the sign-flip test."""
    base, other = draw(chance, np.full(2, 0.9), seeds, rho)
    return bool(stats.sign_flip(other - base) <= 0.05)


TESTS = {"sign-flip": stats.sign_flip, "t": stats.t_test}


def any_apart(test: str, draw: Draw, chance: Chance, seeds: int) -> bool | None:
    """Whether any of five arms that equal the baseline is told from it, corrected by Holm."""
    base, *others = draw(chance, np.full(6, 0.9), seeds, 0.0)
    p = np.array([TESTS[test](other - base) for other in others])
    return bool((stats.holm(p) <= 0.05).any())


MANY = 21
FORMS = (
    "{} is better than 0 on top1",
    "{} is worse than {} on top1",
    "{} is within 0 of 0 on top1",
    "{} ranks first on top1",
)
"""Claims about equal arms, none of which is true."""


def any_claim(forms: tuple[str, ...], draw: Draw, chance: Chance, seeds: int) -> bool | None:
    """Whether any of 20 claims about 21 equal arms is decided."""
    labels = [str(arm) for arm in range(MANY)]
    texts = (forms[n % len(forms)].format(labels[n], labels[n - 1]) for n in range(1, MANY))
    parsed = [claims.parse(text, labels, TASK.catalogue) for text in texts]
    frame = framed(draw(chance, np.full(MANY, 0.9), seeds, 0.0))
    judged = claims.family(
        parsed, frame, {label: label for label in labels}, catalogue=TASK.catalogue
    )
    return any(judgement.state != "undecided" for judgement in judged)


def any_of_family(chance: Chance, seeds: int) -> bool | None:
    """Whether any of 10 claims and 10 contrasts of 21 equal arms is decided, as one family."""
    labels, values = [str(arm) for arm in range(MANY)], normal(chance, np.full(MANY, 0.9), seeds, 0)
    base, claimed = values[0], range(1, 11)
    parsed = [claims.parse(FORMS[0].format(n, 0), labels, TASK.catalogue) for n in claimed]
    others = [stats.t_test(values[n] - base) for n in range(11, MANY)]
    arms = {label: label for label in labels}
    judged = claims.family(parsed, framed(values), arms, catalogue=TASK.catalogue, others=others)
    undecided = sum(judgement.state == "undecided" for judgement in judged)
    left = stats.holm(np.array(others), other_tests=undecided) <= 0.05
    return undecided < len(parsed) or bool(left.any())


def networks_apart(chance: Chance, seeds: int) -> bool | None:
    """Whether McNemar's test tells two networks that are equally good on average."""
    tests = stats.mcnemar(equals(chance, seeds))
    return bool(tests["p"].iloc[0] <= 0.05)


def some_apart(chance: Chance, seeds: int) -> bool | None:
    return bool(stats.combined(stats.mcnemar(equals(chance, seeds))).some <= 0.05)


def equals(chance: Chance, seeds: int) -> stats.Hits:
    """Networks whose right answers differ in single images alone."""
    ease = chance.normal(1.5, size=IMAGES)
    return stats.Hits(list(range(seeds)), *(ease + chance.normal(size=(2, seeds, IMAGES)) > 0))


# ---- the table ----


class Line(NamedTuple):
    method: str
    study: str
    promised: str
    right: Callable[[Chance, int], bool | None]
    share: float = 1.0
    """Of the studies that are asked for: what draws thousands of times is asked less often."""


def lines() -> Iterator[Line]:
    for (name, draw), rho in product(STUDIES.items(), (0.0, 0.5, 0.9)):
        yield Line(
            "t interval", f"{name}, ρ {rho}", "95", partial(of_pairs, stats.interval, draw, rho)
        )
    for name, draw in STUDIES.items():
        yield Line("BCa", f"{name}, ρ 0.5", "95", partial(of_pairs, stats.bca, draw, 0.5), 0.5)
    yield Line("seeds and images", "new seeds, new images", "95", of_seeds_and_images, 0.25)
    yield Line("t interval", "new seeds, new images", "--", of_seeds_alone)
    for (name, taste), images in product(TASTES.items(), (360, 2000)):
        apart, share = partial(zero_outside, equal_by_image(images, taste)), 360 / images
        study = f"equal, {name}, {images}"
        yield Line("zero outside, t", study, "--", partial(apart, by_image=False), share)
        both = partial(apart, by_image=True)
        yield Line("zero outside, images", study, "≤ 5", both, share)
    for name in EFFECTS:
        yield Line(name, "2 × 3, ρ 0.5", "95", partial(of_factors, name, 0.5), 0.25)
    for rho in (0.0, 0.5, 0.9):
        yield Line("noise floor", f"equal arms, ρ {rho}", "≥ 95", partial(within_floor, rho), 0.25)
    yield Line("smallest effect", "normal", "80", shown)
    for name, draw in STUDIES.items():
        yield Line("sign-flip ≤ 0.05", f"equal, {name}", "≤ 5", partial(told_apart, draw, 0.0))
    for test, (name, draw) in product(TESTS, STUDIES.items()):
        yield Line(
            f"Holm, {test} ≤ 0.05", f"5 equal, {name}", "≤ 5", partial(any_apart, test, draw)
        )
    for name, draw in STUDIES.items():
        judge = partial(any_claim, FORMS[:1], draw)
        yield Line("20 claims, better", f"21 equal, {name}", "≤ 5", judge, 0.25)
    yield Line(
        "20 claims, any form", "21 equal, normal", "≤ 5", partial(any_claim, FORMS, normal), 0.25
    )
    yield Line("10 claims, 10 contrasts", "21 equal, normal", "≤ 5", any_of_family, 0.25)
    yield Line("McNemar ≤ 0.05", "equal networks, one seed", "≤ 5", networks_apart, 0.25)
    yield Line("McNemar, some seed", "equal networks", "≤ 5", some_apart, 0.25)


def rate(line: Line, seeds: int, studies: int) -> float:
    """Per cent of the studies in which something is said; NaN where nothing is."""
    chance = np.random.default_rng(seeds)
    answers = [line.right(chance, seeds) for _ in range(round(studies * line.share))]
    decided = [answer for answer in answers if answer is not None]
    return 100 * sum(decided) / len(decided) if decided else float("nan")


def table(studies: int) -> Iterator[str]:
    yield f"{'method':22} {'studies simulated':26} {'promised':>8}" + "".join(
        f"{f'n = {seeds}':>9}" for seeds in SEEDS
    )
    for line in lines():
        rates = [rate(line, seeds, studies) for seeds in SEEDS]
        shown = "".join(f"{'--' if np.isnan(r) else f'{r:.1f}':>9}" for r in rates)
        yield f"{line.method:22} {line.study:26} {line.promised:>8}{shown}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--studies", type=int, default=4000, help="for every number printed")
    for row in table(parser.parse_args().studies):
        print(row, flush=True)
