"""A report that says how many seeds are needed says that their number is set in advance."""

import pytest

from study.analysis.claims import EvaluatedClaim
from study.analysis.quantities import MeasuredRange, Span
from study.report.tables.verdicts import SEEDS_IN_ADVANCE, claim_notes

WIDE = MeasuredRange("", 0.09, -0.1, 0.28, sd=0.1, n=4)


@pytest.mark.parametrize(
    ("why", "notes"),
    [(f"+0.09 pp, {WIDE.seeds_text(Span(0, 1))}", [SEEDS_IN_ADVANCE]), ("+0.09 pp", [])],
)
def test_the_note_stands_where_a_number_of_seeds_does(why, notes):
    claim = EvaluatedClaim(None, "undecided", why)
    assert [*claim_notes([claim, claim])] == notes
