"""Statistics of trials: estimates, paired effects, tests and power, as frames from frames.

A frame has one row per (arm, seed, metric). Rows without a seed are exact costs or timings of a
session. The seed is the unit of sampling: arms that share seeds are compared seed by seed, and
replicates that share none by Welch's method. NaN is a trial that diverged. Nothing here reads a
file, and random draws have a fixed seed.
"""

from study.stats.contrasts import Contrast, TestedContrast, contrasts, holm
from study.stats.cumulative import StepEffect, StepOrder, step_orders, steps
from study.stats.effects import Effect, Pairing, difference, effects, pairing
from study.stats.estimates import Estimate, Leader, estimates, leader, ranking, ties, untested
from study.stats.expected_best import ExpectedBest, expected_best
from study.stats.factorial_effects import FactorialEffect, factorial
from study.stats.fractional_effects import (
    alias_classes,
    fractional,
    is_fraction,
    resolution,
)
from study.stats.independent import Independent
from study.stats.inference import FIXED, UNPAIRED, Inference, sample_interval, t_test
from study.stats.intervals import (
    ALPHA,
    CONFIDENCE,
    RESAMPLED_FROM,
    ROUNDING,
    bca,
    corrected,
    interval,
    of_fraction,
)
from study.stats.noise_floor import AA, NoiseFloor, noise_floor
from study.stats.per_image import (
    Combined,
    Hits,
    combined,
    fewest_varying,
    hits,
    image_interval,
    mcnemar,
    over_seeds_and_images,
    resampled,
    varying,
)
from study.stats.power import (
    MOST_SEEDS,
    POWER,
    SeedsNeeded,
    pooled_sd,
    power,
    sd_range,
    seeds_for,
    seeds_needed,
    smallest_effect,
    with_range,
)
from study.stats.power_law import FEWEST_POINTS, exponent
from study.stats.rows import MetricValue, of_arm, of_arms, of_metric, typed_rows
from study.stats.seeds_and_images import (
    ImageError,
    SeedsAndImages,
    image_error,
    over_images,
    p_over_images,
    seeds_and_images,
)
from study.stats.sequential import (
    Decision,
    Rule,
    SequentialInference,
    decided,
    seeds_wanted,
)
from study.stats.sign_flip import DRAWS, ENUMERATED, sign_flip, smallest_p

__all__ = [
    "AA",
    "ALPHA",
    "CONFIDENCE",
    "DRAWS",
    "ENUMERATED",
    "FEWEST_POINTS",
    "FIXED",
    "MOST_SEEDS",
    "POWER",
    "RESAMPLED_FROM",
    "ROUNDING",
    "UNPAIRED",
    "Combined",
    "Contrast",
    "Decision",
    "Effect",
    "Estimate",
    "ExpectedBest",
    "FactorialEffect",
    "Hits",
    "ImageError",
    "Independent",
    "Inference",
    "Leader",
    "MetricValue",
    "NoiseFloor",
    "Pairing",
    "Rule",
    "SeedsAndImages",
    "SeedsNeeded",
    "SequentialInference",
    "StepEffect",
    "StepOrder",
    "TestedContrast",
    "alias_classes",
    "bca",
    "combined",
    "contrasts",
    "corrected",
    "decided",
    "difference",
    "effects",
    "estimates",
    "expected_best",
    "exponent",
    "factorial",
    "fewest_varying",
    "fractional",
    "hits",
    "holm",
    "image_error",
    "image_interval",
    "interval",
    "is_fraction",
    "leader",
    "mcnemar",
    "noise_floor",
    "of_arm",
    "of_arms",
    "of_fraction",
    "of_metric",
    "over_images",
    "over_seeds_and_images",
    "p_over_images",
    "pairing",
    "pooled_sd",
    "power",
    "ranking",
    "resampled",
    "resolution",
    "sample_interval",
    "sd_range",
    "seeds_and_images",
    "seeds_for",
    "seeds_needed",
    "seeds_wanted",
    "sign_flip",
    "smallest_effect",
    "smallest_p",
    "step_orders",
    "steps",
    "t_test",
    "ties",
    "typed_rows",
    "untested",
    "varying",
    "with_range",
]
