"""The main table has room in one column of a paper, and what it leaves out is in the others."""

import pytest

from study.analysis.analysis import Analysis
from study.report import report
from study.report.formats.latex import fits_column, latex

SEEDS = {"baseline": [0.9, 0.91, 0.92], "Max Pooling": [0.8, 0.82, 0.81]}
TIMES = {
    "baseline": {"value": 6775.0, "low": 5000.0, "high": 7000.0},
    "Average Pooling": {
        "value": 13500.0,
        "low": 9000.0,
        "high": 14000.0,
        "ratio": {"value": 2.034, "low": 1.802, "high": 2.368},
    },
    "Max Pooling": {
        "value": 6900.0,
        "low": 5000.0,
        "high": 7100.0,
        "ratio": {"value": 1.02, "low": 0.93, "high": 1.12},
    },
}
TIMED = {arm: {"throughput": value} for arm, value in TIMES.items()}


@pytest.fixture
def main(lab):
    def main(*factors, **fields):
        return report.table(Analysis(*lab(*factors, **fields)))

    return main


def texts(table, label):
    (row,) = [row for row in table.rows if row.label == label]
    return dict(zip(table.keys, (cell.text for cell in row.cells), strict=True))


def test_a_table_without_speed_has_the_interval_of_the_difference(main):
    table = main(top1=SEEDS, columns=("params", "macs", "top1"))
    assert table.heads == ("Params (M)", "MACs (G)", "Top-1 (%)", "Δ (pp) [95 % CI]")
    assert texts(table, "Max Pooling")["top1-delta"] == "−10.0 [−12.5, −7.5]"
    assert fits_column(table)


def test_a_table_with_speed_has_ratios_with_marks_and_no_room_for_the_interval(main):
    table = main(top1=SEEDS, timed=TIMED, columns=("params", "macs", "throughput", "top1"))
    assert table.heads == ("Params (M)", "MACs (G)", "Throughput", "Top-1 (%)", "Δ (pp)")
    labels = ("Depth-wise Conv2d", "Average Pooling", "Max Pooling")
    ratios = [texts(table, label)["throughput"] for label in labels]
    assert ratios == ["×1.00", "×2.03†", "×1.02‡"]
    notes = " ".join(table.notes)
    assert "Throughput 6775 images/s" in notes
    assert "†: 95 % interval wider than 5 %." in notes
    assert "‡: inconclusive" in notes
    assert fits_column(table)


def test_only_marks_that_the_table_has_are_explained(main):
    notes = " ".join(main(top1=SEEDS, columns=("params", "top1")).notes)
    assert not any(mark in notes for mark in ("†", "‡", "×", "MACs", "(n/3)"))


def test_a_caption_is_one_line_of_what_data_seeds_and_interval(main):
    table = main(top1=SEEDS, columns=("params", "macs", "top1"))
    assert table.caption == (
        "Reduction of rest_lite on digits at 64 px, recipe smoke, 3 epochs; mean ± sd of 3 seeds, "
        "Δ with 95 % t interval."
    )


@pytest.mark.parametrize(
    ("published", "rule"),
    [({}, "macs"), ({"macs": 1.4, "protocol": {"counting": "conv+linear"}}, "macs_conv_linear")],
)
def test_of_two_counts_the_narrow_table_has_that_of_the_published_numbers(main, published, rule):
    counts = {"params": 1e6, "macs": 31e6, "macs_conv_linear": 30e6}
    table = main(
        cost=dict.fromkeys(("baseline", "Average Pooling", "Max Pooling"), counts),
        columns=("params", "macs", "macs_conv_linear"),
        published={"Max Pooling": published} if published else None,
    )
    assert table.keys == ("params", rule)
    assert table.heads[1] == "MACs (M)"


def test_every_column_is_in_the_wide_table_or_the_supplement(lab):
    tables = report.tables(*lab(top1=SEEDS, timed=TIMED, published={"Max Pooling": {"top1": 70.1}}))
    wide, supplement = tables["table_wide"], tables["supplement"]
    assert wide.keys == ("params", "macs", "throughput", "top1", "top1-delta", "top1-paper")
    assert texts(wide, "Average Pooling")["throughput"] == "13500 (×2.03 [1.80, 2.37]†)"
    assert "inconclusive" in texts(wide, "Max Pooling")["throughput"]
    assert {"throughput-range", "top1-seeds", "top1-mean", "top1-sign-flip"} <= {*supplement.keys}
    assert texts(supplement, "Max Pooling")["top1-seeds"] == "80.00, 82.00, 81.00"
    assert texts(supplement, "Max Pooling")["throughput-range"] == "6900 [5000, 7100]"


def test_the_layout_of_a_paper_has_means_and_published_values_in_brackets(main):
    published = {"Depth-wise Conv2d": {"top1": 72.88}, "Max Pooling": {"top1": 72.2}}
    table = main(top1=SEEDS, layout="paper", columns=("params", "top1"), published=published)
    assert (table.first, table.heads) == ("Reduction", ("Params (M)", "Top-1 (%)"))
    assert texts(table, "Max Pooling")["top1"] == "81.00 (72.2)"
    assert "±" not in table.caption + " ".join(c.text for row in table.rows for c in row.cells)
    assert "In brackets: published." in table.notes


def test_a_factor_has_its_title_and_no_path_is_printed(main):
    table = main({"model.drop_path_rate": ["0", "0.1"], "recipe.lr": ["1e-3", "1e-4"]}, top1=SEEDS)
    assert [block.head for block in table.blocks] == ["Drop path rate", "Learning rate"]
    assert [block.name for block in table.blocks] == ["model.drop_path_rate", "recipe.lr"]
    text = latex(table)
    assert "drop" not in text.replace("Drop path rate", "").replace("drop path rate", "")


def test_long_labels_are_broken_into_lines_and_numbers_keep_their_size(main):
    long = "A level whose label is far too long for a single line of a column"
    table = main({"model.x": ["short", long]}, top1=SEEDS, columns=("params", "macs", "top1"))
    text = latex(table)
    assert fits_column(table)
    assert r"{@{}p{" in text
    assert r"\raggedright\hangindent" in text
    assert r"\begin{table}" in text


def test_a_table_with_many_columns_says_that_it_needs_both_columns(main):
    columns = ("params", "macs", "throughput", "latency_p50", "latency_p90", "memory", "top1")
    qualities = ("top5", "top1@96", "top1@128", "loss")
    assert r"\begin{table*}" in latex(main(top1=SEEDS, columns=(*columns, *qualities)))


def test_an_arm_that_cannot_be_compared_with_the_best_is_marked_as_unknown(main):
    table = main(top1=SEEDS | {"Average Pooling": [0.85, "pending", "pending"]}, columns=("top1",))
    assert texts(table, "Average Pooling")["top1"] == "85.0 (1/3) (?)"
    assert any(note.startswith("(?): unknown how") for note in table.notes)
