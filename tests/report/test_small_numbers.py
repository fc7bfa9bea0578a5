"""Numbers of any size in print, units of counts, and what designs add to the answer."""

import pytest

from study import format
from study.report import report
from study.report.tables.main import table as main_table
from study.report.tables.wide import wide_table
from study.report.text.answer import answer
from study.spec.metric import Metric
from tests.report import scenes
from tests.report.measured import seeds

PLAIN = Metric("MSE", "", 1, 3, better="lower", kind="quality")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.000"),
        (0.25, "0.250"),
        (0.0004, "0.0004"),
        (-0.00042, "−0.0004"),
        (1.05e-14, "1.05e−14"),
        (9.96e11, "9.96e11"),
        (9_999_999.0, "9999999.000"),
        (float("nan"), format.ABSENT),
    ],
)
def test_a_number_that_is_not_zero_is_not_printed_as_zero(value, text):
    assert format.measured(value, PLAIN) == text


def test_all_numbers_of_an_interval_have_the_same_decimals():
    percent = Metric("Acc", "%", 1, 1, better="higher", kind="quality")

    class Row:
        n, mean, low, high = 6, 0.7267, 0.0233, 1.43

    assert format.amount(Row, percent) == "+0.73 pp [0.02, 1.43]"
    Row.low = -0.0233
    assert format.amount(Row, percent) == "+0.7 pp [0.0, 1.4]"


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [
        (1.263e-5, 6.11e-7, "0.0000126 ± 0.0000006"),
        (-1.263e-5, 9.96e-7, "−0.000013 ± 0.000001"),
        (76.1234, 4e-4, "76.1234 ± 0.0004"),
        (76.1234, 4e-9, "76.123 ± 4.00e−9"),  # eleven digits would say less
        (0.25, 0.01, "0.250 ± 0.010"),
        (0.25, 0.0, "0.250 ± 0.000"),
        (1.05e-14, 2e-16, "1.05e−14 ± 2.00e−16"),
    ],
)
def test_a_mean_has_the_decimals_of_its_standard_deviation(mean, sd, text):
    class Row:
        n = 3

    Row.mean, Row.sd = mean, sd
    assert format.replicates(Row, PLAIN, 3) == text


def test_decimals_that_a_file_gives_are_not_rounded_by_the_spread():
    given = Metric("Acc", "", 1, 4, better="higher", kind="quality", digits_given=True)
    assert format.readable(given, [0.8836], [0.0178]).digits == 4
    guessed = Metric("Acc", "", 1, 4, better="higher", kind="quality")
    assert format.readable(guessed, [0.8836], [0.0178]).digits == 3


def test_an_interval_that_excludes_zero_does_not_touch_it_in_print(lab):
    coarse = Metric("Loss", "", 1, 1, better="lower", kind="quality")

    class Row:
        n, mean, low, high = 3, -0.05, -0.052, -0.048

    assert format.amount(Row, coarse) == "−0.05 [−0.05, −0.05]"


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((-0.3, 0.04, 0.3), "0.0 [−0.3, 0.3]"),
        ((-0.3, -0.1, 0.04), "−0.1 [−0.3, 0.0]"),
        ((-0.02, 0.01, 0.03), "+0.01 [−0.02, 0.03]"),
    ],
)
def test_an_interval_around_zero_has_no_more_decimals_than_its_metric(ends, text):
    row = type("Row", (), {"n": 3, **dict(zip(("low", "mean", "high"), ends, strict=True))})
    coarse = Metric("Loss", "", 1, 1, better="lower", kind="quality")
    assert format.effect(row, coarse, 3) == text


def test_published_counts_have_the_unit_of_their_column(lab):
    plan_and_store = lab(
        cost={a: {"params": 371_000} for a in ("baseline", "Average Pooling", "Max Pooling")},
        top1={"baseline": seeds(0.9)},
        columns=("params", "top1"),
        published={"Average Pooling": {"params": 0.37}, "Max Pooling": {"params": 10.49}},
    )
    analysis = report.report(*plan_and_store).analysis
    for table in (main_table(analysis), wide_table(analysis)):
        assert str(table.heads[0]).startswith("Params (M")
    column = wide_table(analysis).keys.index("params-paper")
    printed = [row.cells[column].text for row in wide_table(analysis).rows]
    assert printed == [format.ABSENT, "0.37", "10.49"]


def test_published_counts_below_a_million_are_printed_in_thousands(lab):
    plan_and_store = lab(
        cost={a: {"params": 371_000} for a in ("baseline", "Average Pooling", "Max Pooling")},
        top1={"baseline": seeds(0.9)},
        columns=("params", "top1"),
        published={"Average Pooling": {"params": 0.0371}},
    )
    table = wide_table(report.report(*plan_and_store).analysis)
    assert str(table.heads[0]).startswith("Params (k")
    assert [*table.rows][1].cells[1].text == "37.1"


def test_an_answer_names_rows_of_a_factorial_as_the_table_does_and_its_interactions(lab):
    text = answer(report.report(*scenes.factorial(lab)).analysis)
    assert "w/o IN, Head mix w/o (−6.98 pp" in text
    assert "The factors interact: w/o IN × w/o (−" in text


def test_an_answer_names_the_steps_that_lose(lab):
    values = {"baseline": 0.90, "PA": 0.95, "PA + Overlapping": 0.91}
    top1 = {arm: [mean, mean + 0.01, mean + 0.021] for arm, mean in values.items()}
    top1["PA"][0] += 0.001
    text = answer(
        report.report(
            *lab(
                {"model.position": ["none", "PA"], "model.stem": ["Plain", "Overlapping"]},
                designs=("cumulative",),
                top1=top1,
            )
        ).analysis
    )
    assert "Added to the row above, Overlapping (−" in text
    assert "PA (" not in text.partition("Added")[2]


def test_an_answer_names_claims_that_are_contradicted(lab):
    claim = "Average Pooling is better than Depth-wise Conv2d on params"
    plan_and_store = lab(
        top1={"baseline": seeds(0.9), "Average Pooling": seeds(0.9, start=1)},
        cost={"baseline": {"params": 1e6}, "Average Pooling": {"params": 2e6}},
        columns=("params", "top1"),
        claims=(claim,),
    )
    text = answer(report.report(*plan_and_store).analysis)
    assert text.endswith(f"Contradicted claim: “{claim}”.")


def test_without_training_the_cost_that_varies_most_is_the_answer(lab):
    plan_and_store = lab(
        seeds=0,
        columns=("params", "macs"),
        cost={
            "baseline": {"params": 371_000, "macs": 5.06e6},
            "Average Pooling": {"params": 368_000, "macs": 7.78e6},
            "Max Pooling": {"params": 368_000, "macs": 5.05e6},
        },
    )
    text = answer(report.report(*plan_and_store).analysis)
    assert text == (
        "Nothing was trained; MACs (M, all) goes from 5.05 (Max Pooling) to 7.78 (Average Pooling)."
    )


def test_claims_on_costs_are_contradicted_in_the_answer_without_training_too(lab):
    claim = "Average Pooling is better than Depth-wise Conv2d on params"
    plan_and_store = lab(
        seeds=0,
        columns=("params",),
        cost={"baseline": {"params": 1e6}, "Average Pooling": {"params": 2e6}},
        claims=(claim,),
    )
    assert f"“{claim}”" in answer(report.report(*plan_and_store).analysis)
