"""Tables of verdicts on published numbers and of evaluated claims."""

from collections.abc import Iterator, Sequence

from study import format
from study.analysis import verdicts
from study.analysis.claims import EvaluatedClaim
from study.analysis.published import Assessment
from study.analysis.quantities import IN_ADVANCE
from study.analysis.verdict_rows import VerdictRow
from study.plan.comparisons import named_arms
from study.plan.plan import Plan
from study.report.table import Cell, Row, Table, TableBlock, plain
from study.spec.arm_names import is_crossed, printed
from study.spec.metric import Metric
from study.stats import typed_rows

HEADS = ("Published", "Measured", "Level", "Difference", "Ranking", "Why")
SEEDS_IN_ADVANCE = (
    "The seeds that are needed have the range of the 95 % interval of the sd, which few seeds "
    "estimate badly. Their number is to be set in advance: adding seeds until a test decides at "
    "least doubles its errors, unless the study corrects for every look at them."
)


def verdict_table(plan: Plan, assessment: Assessment) -> Table | None:
    """The verdicts, one block per metric, or None; numbers that cannot be compared are in notes."""
    comparable = assessment.verdicts[assessment.verdicts["unlike"] == ""]
    if comparable.empty:  # the notes of the main table say why
        return None
    blocks = (
        TableBlock(
            format.head(plan.catalogue[str(metric)]),
            tuple(_row(plan, row) for row in typed_rows(rows, VerdictRow)),
        )
        for metric, rows in comparable.groupby("metric", sort=False)
    )
    return Table(
        name=plain(f"{plan.study.title}-verdicts"),
        caption=plain(
            "Measured values against published ones: level, difference from ● (for speeds the "
            "ratio) and order among the published rows. Reproduced: the whole interval lies within "
            "the margin. Timings are comparable only as ratios between rows. Each level and "
            "difference is tested at 95 %; an order is contradicted only at a confidence that is "
            "corrected for all published pairs."
        ),
        heads=HEADS,
        blocks=tuple(blocks),
        notes=tuple(plain(note) for note in _notes(plan, assessment)),
    )


def _row(plan: Plan, row: VerdictRow) -> Row:
    metric = plan.catalogue[row.metric]
    # As many digits as were published, so that both numbers can be compared.
    digits = max(row.digits, metric.digits)
    # NaN ends: an exact count has no interval.
    span = f" [{format.number(row.low, digits)}, {format.number(row.high, digits)}]"
    texts = (
        format.published(row.printed, row.digits, row.spread, row.status),
        format.number(row.measured, digits) + (span if row.low == row.low else ""),
        *(_verdict(row, aspect) for aspect in verdicts.ASPECTS),
        _why(row, metric),
    )
    baseline = row.arm == plan.baseline.digest
    return Row(plain(row.row), baseline, tuple(Cell(plain(text)) for text in texts))


def _verdict(row: VerdictRow, aspect: str) -> str:
    word, seeds = getattr(row, aspect), getattr(row, f"{aspect}_seeds")
    return f"{word}, {seeds} seeds" if seeds else str(word)


def _why(row: VerdictRow, metric: Metric) -> str:
    """The explanation of a cost, else the reason of the first aspect that is not reproduced."""
    if row.reason:
        return row.reason
    # The level of a timing is never comparable, as the caption says: its aspects start after it.
    timed = metric.kind == "speed"
    for aspect in verdicts.ASPECTS[timed:]:
        if getattr(row, aspect) not in ("", verdicts.REPRODUCED):
            return f"{aspect}: {getattr(row, aspect + '_why')}"
    return ""


def _notes(plan: Plan, assessment: Assessment) -> Iterator[str]:
    yield from assessment.sentences
    rows, unlike = typed_rows(assessment.verdicts, VerdictRow), dict[tuple[str, str], list[str]]()
    for row in rows:
        if row.unlike:
            unlike.setdefault((row.metric, row.level_why), []).append(row.row)
    for (metric, why), names in unlike.items():
        yield f"{format.name(plan.catalogue[metric])} not comparable ({', '.join(names)}): {why}."
    if margins := plan.study.margins:
        stated = ", ".join(_margin(plan.catalogue[name], m) for name, m in margins.items())
        yield f"Margins: {stated}; for costs, half a unit of the last published digit."
    if any(row.spread for row in rows):
        yield "A published spread widens the margin, or is the margin if no other is stated."
    if any(getattr(row, f"{aspect}_seeds") for row in rows for aspect in verdicts.ASPECTS):
        yield SEEDS_IN_ADVANCE
    if any(row.metric == "memory" for row in rows):
        yield "Peak memory is measured once; its range is ± 1 %, within which repetitions lie."
    if n := assessment.unverified:
        numbers = "number is unverified and gets" if n == 1 else "numbers are unverified and get"
        yield f"{n} published {numbers} no verdict."


def _margin(metric: Metric, margin: float) -> str:
    unit = "%" if metric.kind == "speed" else metric.difference_unit
    return f"{format.name(metric)} ±{margin:g} {unit}".rstrip()


def claim_table(plan: Plan, claims: Sequence[EvaluatedClaim]) -> Table | None:
    """The study's claims with their state and the measured values, or None without claims."""
    if not claims:
        return None
    rows = (
        Row(plain(claim.claim.text), False, (Cell(claim.state), Cell(plain(claim.why))))
        for claim in claims
    )
    return Table(
        name=plain(f"{plan.study.title}-claims"),
        caption=plain(
            "The study's claims, evaluated on the results. A claim is supported or contradicted "
            f"only by a whole {_interval(claims)}; timings use the interval of the ratio or the "
            "range of all rounds, and counts are exact."
        ),
        heads=("State", "Measured"),
        blocks=(TableBlock("", tuple(rows)),),
        notes=tuple(map(plain, [*_claimed_arms(plan, claims), *claim_notes(claims)])),
    )


def _claimed_arms(plan: Plan, claims: Sequence[EvaluatedClaim]) -> Iterator[str]:
    """The arms that claims name by one level, which would read as its effect over all others."""
    if not is_crossed(plan.study):
        return
    arms = named_arms(plan)
    names = dict.fromkeys(name for c in claims for name in (c.claim.arm, c.claim.other) if name)
    whole = {name: printed(plan.study, arms[name].arm) for name in names}
    if short := [f'"{name}" is {label}' for name, label in whole.items() if name != label]:
        arms_named = "; ".join(short)
        yield f"Claims are about arms, not effects averaged over other factors: {arms_named}."


def claim_notes(claims: Sequence[EvaluatedClaim]) -> Iterator[str]:
    if any(IN_ADVANCE in claim.why for claim in claims):
        yield SEEDS_IN_ADVANCE


def _interval(claims: Sequence[EvaluatedClaim]) -> str:
    """The interval that decides a claim, with the number of tests it is corrected for."""
    # Claims about exact counts have no test and would hide the size of the family.
    tests = max(claim.tests for claim in claims)
    if tests < 2:
        return "95 % interval"
    return (
        f"interval, corrected by Holm's method for {tests} tests (claims about quality and timed "
        "ratios, and contrasts), so that 95 % of studies decide no claim falsely"
    )
