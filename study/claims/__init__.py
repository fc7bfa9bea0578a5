"""The claims of a study: sentences of a small grammar, judged on what was measured.

A claim is about one quantity, and names the span in which it lies; what was measured gives the
range in which it does. A range inside the span supports the claim, one outside contradicts it, one
across an end leaves it undecided. There are no p-values.
"""

from __future__ import annotations  # pandas is for reports: plans must start without it

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from study import evidence
from study.claims.forms import FORMS, Claim
from study.claims.grammar import parse
from study.claims.measured import Measured
from study.evidence import State

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMS", "Claim", "Judgement", "judged", "parse"]


@dataclass(frozen=True)
class Judgement:
    claim: Claim
    state: State
    why: str


def judged(claim: Claim, frame: pd.DataFrame, arms: Mapping[str, str]) -> Judgement:
    """What `frame`, in base units, says of a claim; `arms` has the digest of every label."""
    name = claim.metric
    measured = Measured(name, frame[frame["metric"] == name], arms, evidence.ratios(frame, name))
    return Judgement(claim, *FORMS[claim.form](claim, measured))
