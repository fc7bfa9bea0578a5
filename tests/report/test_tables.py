"""What stands in which cell, and what the notes say of it."""

import pytest

from study.report import report

DEPTHWISE = [0.90, 0.80, 0.70]
NAN = float("nan")


def row(table, label):
    """The cells of a row, by the heads of the columns; bold ones between stars."""
    rows = [row for block in table.blocks for row in block.rows if row.label == label]
    texts = [f"*{cell.text}*" if cell.bold else cell.text for cell in rows[0].cells]
    return dict(zip(table.heads, texts, strict=True))


def notes_with(table, words):
    return [note for note in table.notes if words in note]


def test_a_quality_is_mean_and_sd_in_paper_units(tabulated):
    table = tabulated(top1={"baseline": DEPTHWISE}, columns=("top1",))
    assert row(table, "Depth-wise Conv2d") == {
        "Top-1 (%)": "80.00 ± 10.00",
        "Δ Top-1 (pp) [95 % CI]": "",
    }


def test_an_effect_has_a_real_minus_and_its_interval(tabulated):
    table = tabulated(top1={"baseline": DEPTHWISE, "Max Pooling": [0.89, 0.81, 0.67]})
    text = row(table, "Max Pooling")["Δ Top-1 (pp) [95 % CI]"]
    assert text == "−1.00 [−5.97, 3.97]"  # t = 4.303, sd = 2


def test_heads_carry_unit_and_rule_of_counting(tabulated):
    table = tabulated(columns=("macs", "macs_conv_linear"))
    assert table.heads == ("MACs (G, all)", "MACs (G, conv+linear)")
    assert notes_with(table, "MACs (G, all): multiply-adds for one image, counting conv, linear,")


def test_every_block_is_headed_by_its_factor_and_opens_with_the_baseline(tabulated):
    table = tabulated({"model.a": ["A", "B"], "recipe.lr": ["1e-3", "1e-4", "1e-5"]})
    assert [block.head for block in table.blocks] == ["A", "Learning rate"]
    assert [r.label for r in table.blocks[1].rows] == ["1e-3", "1e-4", "1e-5"]
    assert all(
        [r.baseline for r in b.rows] == [True] + [False] * (len(b.rows) - 1) for b in table.blocks
    )


def test_a_factorial_is_one_block(tabulated):
    table = tabulated({"model.a": ["A", "B"], "model.b": ["C", "D"]}, designs=("factorial",))
    assert table.first == "A, B"
    assert [r.label for r in table.blocks[0].rows] == ["A, C", "A, D", "B, C", "B, D"]
    assert [r.key for r in table.blocks[0].rows] == ["baseline", "D", "B", "B + D"]


def test_the_best_is_bold_where_its_interval_against_the_runner_up_excludes_zero(tabulated):
    clear = tabulated(top1={"baseline": DEPTHWISE, "Max Pooling": [0.80, 0.71, 0.59]})
    assert row(clear, "Depth-wise Conv2d")["Top-1 (%)"] == "*80.00 ± 10.00*"
    assert notes_with(clear, "quality: interval against the runner-up excludes zero")


def test_nothing_is_bold_within_chance(tabulated):
    near = tabulated(top1={"baseline": DEPTHWISE, "Max Pooling": [0.70, 0.91, 0.69]})
    assert not any(cell.bold for block in near.blocks for r in block.rows for cell in r.cells)
    assert not notes_with(near, "Bold")


def test_a_cost_is_exact_and_its_difference_in_percent(tabulated):
    table = tabulated(cost={"Max Pooling": {"params": 10.47e6, "macs": 0.7e9}})
    cells = row(table, "Max Pooling")
    assert cells["Params (M)"] == "*10.5 (−0.2 %)*"
    assert cells["MACs (G, all)"] == "*0.700 (−50.0 %)*"


def test_costs_that_print_alike_are_not_told_apart(tabulated):
    table = tabulated(cost={"Max Pooling": {"params": 10.4901e6, "macs": 1.4e9}})
    assert row(table, "Depth-wise Conv2d")["Params (M)"] == "10.5"
    assert row(table, "Max Pooling")["Params (M)"] == "10.5 (0.0 %)"


def test_a_timing_is_a_median_with_quartiles(tabulated):
    timing = {"throughput": {"value": 1212.4, "low": 1208.0, "high": 1215.2}}
    table = tabulated(timed=dict.fromkeys(("baseline", "Max Pooling"), timing))
    assert row(table, "Max Pooling")["Throughput (images/s)"] == "1212 [1208, 1215]"
    assert row(table, "Average Pooling")["Throughput (images/s)"] == "--"
    assert notes_with(table, "Not timed for every arm: Throughput")
    assert notes_with(table, "measured on NVIDIA H200")


# ---- what is not there ----


def test_seeds_that_are_not_in_yet_are_counted(tabulated):
    outcomes = [0.80, 0.75, "failed"]
    table = tabulated(top1={"baseline": DEPTHWISE, "Max Pooling": outcomes})
    cells = row(table, "Max Pooling")
    assert cells["Top-1 (%)"] == "77.50 ± 3.54 (2/3) ≈"
    assert cells["Δ Top-1 (pp) [95 % CI]"].endswith("] (2/3)")
    assert notes_with(table, "(n/3)")


def test_missing_trials_are_named_with_the_command_that_runs_them(tabulated):
    outcomes = {"baseline": DEPTHWISE, "Max Pooling": ["failed", 0.5, "pending"]}
    table = tabulated(top1=outcomes, profile="imagenet")
    assert row(table, "Average Pooling")["Top-1 (%)"] == "--"
    assert notes_with(table, "5 of 9 trials are missing: Average Pooling seed 0 (pending)")
    assert notes_with(table, "Max Pooling seed 0 (failed)")
    assert notes_with(table, "study run ablations/emsa_reduction.yaml --profile imagenet")


def test_a_study_that_has_nothing_yet_still_has_a_table(tabulated):
    table = tabulated()
    assert row(table, "Max Pooling")["Top-1 (%)"] == "--"
    assert row(table, "Max Pooling")["Params (M)"] == "10.5"


def test_a_diverged_arm_says_so_and_comes_last(tabulated):
    outcomes = {
        "baseline": DEPTHWISE,
        "Average Pooling": [0.99, NAN, 0.99],
        "Max Pooling": [0.5, 0.5, 0.6],
    }
    table = tabulated(top1=outcomes)
    assert [r.label for r in table.blocks[0].rows][-1] == "Average Pooling"
    cells = row(table, "Average Pooling")
    assert (cells["Top-1 (%)"], cells["Δ Top-1 (pp) [95 % CI]"]) == ("diverged", "--")
    assert notes_with(table, "Average Pooling diverged in 1 of 3 seeds (1)")


def test_a_cumulative_path_keeps_its_order(tabulated):
    table = tabulated(
        {"model.a": ["A", "B", "C"]},
        designs=("cumulative",),
        top1={"baseline": DEPTHWISE, "B": [NAN] * 3, "C": DEPTHWISE},
    )
    assert [r.label for r in table.blocks[0].rows] == ["A", "B", "C"]


def test_a_refused_cost_is_absent_with_its_reason(tabulated):
    table = tabulated(cost={"Max Pooling": "the counters disagree on matmul"})
    assert row(table, "Max Pooling")["MACs (G, all)"] == "--"
    assert notes_with(table, "No cost is reported for Max Pooling: the counters disagree on matmul")


def test_one_seed_has_no_spread_and_says_so(tabulated):
    table = tabulated(seeds=1, top1={"baseline": [0.9], "Max Pooling": [0.8]})
    cells = row(table, "Max Pooling")
    assert (cells["Top-1 (%)"], cells["Δ Top-1 (pp)"]) == ("80.00", "−10.00")
    assert notes_with(table, "With one seed")
    assert "±" not in table.caption


@pytest.mark.parametrize(("seeds", "warned"), [(3, True), (5, True), (6, False)])
def test_too_few_seeds_for_a_test_are_told(lab, seeds, warned):
    supplement = report.tables(*lab(seeds=seeds))["supplement"]
    assert bool(notes_with(supplement, f"With {seeds} seeds a sign-flip test")) == warned


def test_equal_differences_have_no_interval(tabulated):
    table = tabulated(top1={"baseline": DEPTHWISE, "Max Pooling": [0.89, 0.79, 0.69]})
    assert row(table, "Max Pooling")["Δ Top-1 (pp) [95 % CI]"] == "−1.00 [--]"
    assert notes_with(table, "no interval")


def test_benchmarks_do_not_speak_of_seeds(tabulated):
    table = tabulated(columns=("params",), seeds=1)
    assert not notes_with(table, "seed:")
    assert "seed" not in table.caption


# ---- published ----

PUBLISHED = {
    "Depth-wise Conv2d": {"top1": 72.88},
    "Average Pooling": {"top1": 72.6, "status": "derived"},
    "Max Pooling": {"top1": 72.2, "status": "unverified", "source": "a talk"},
}


def test_published_numbers_stand_beside_with_their_marks(tabulated):
    table = tabulated(published=PUBLISHED)
    labels = PUBLISHED.keys()
    assert [row(table, x)["Top-1, paper"] for x in labels] == ["72.88", "72.6*", "72.2?"]
    assert notes_with(table, "* computed from other published numbers; ? not checked")


def test_what_differs_between_the_protocols_is_said(tabulated):
    there = {"data": "ImageNet-1k", "img_size": 224, "recipe": "smoke", "epochs": 3}
    published = {label: {**row, "protocol": there} for label, row in PUBLISHED.items()}
    (note,) = notes_with(tabulated(published=published), "not comparable")
    assert "data: digits here, ImageNet-1k published; image size: 64 here, 224 published" in note
    assert "not stated by the source: batch size" in note
    assert "recipe:" not in note


def test_a_baseline_answers_to_all_its_names(tabulated):
    factors = {"model.a": ["A", "B"], "model.b": ["C", "D"]}
    table = tabulated(factors, published={"baseline": {"top1": 70.0}, "C": {"top1": 71.5}})
    assert row(table, "A")["Top-1, paper"] == "70.0"
    assert row(table, "C")["Top-1, paper"] == "71.5"
    assert row(table, "D")["Top-1, paper"] == "--"


def test_nothing_published_leaves_no_column_and_no_note(tabulated):
    table = tabulated()
    assert not [head for head in table.heads if "paper" in head]
    assert not notes_with(table, "Published numbers")


def test_labels_come_out_as_one_line_without_control_characters(tabulated):
    table = tabulated({"model.a": ["A", "two\nlines \x1b[31m \u202e x"]})
    assert table.blocks[0].rows[1].label == "two lines [31m x"


def test_a_caption_says_of_how_many_of_the_seeds_the_means_are(tabulated):
    some = {"baseline": [0.9, 0.91, 0.92], "Max Pooling": [0.8, 0.81, 0.82]}
    assert "mean ± sd of 3 seeds" in tabulated(top1=some).caption
    assert "mean ± sd of 3 of 9 seeds" in tabulated(seeds=9, top1=some).caption
    fewer = some | {"Average Pooling": [0.7]}
    assert "mean ± sd of 1 to 3 of 9 seeds" in tabulated(seeds=9, top1=fewer).caption


@pytest.mark.parametrize(
    "scene", ["complete", "nothing", "one_seed", "diverged", "failed", "nasty"]
)
def test_every_note_ends_with_a_full_stop(request, scene):
    every = report.tables(*request.getfixturevalue(scene))
    notes = [note for table in every.values() for note in table.notes]
    assert [note for note in notes if not note.endswith(".")] == []


def test_the_title_of_the_baseline_replaces_the_name_of_its_model_in_the_caption(tabulated):
    assert "of rest_lite on digits" in tabulated().caption
    assert "of ReST-Mini on digits" in tabulated(baseline_title="ReST-Mini").caption


def test_contrasts_of_one_seed_are_listed_without_interval_or_test(lab):
    top1 = {"baseline": [0.9], "Max Pooling": [0.8]}
    pairs = (("Max Pooling", "baseline"),)
    table = report.tables(*lab(seeds=1, top1=top1, contrasts=pairs))["contrasts"]
    assert [cell.text for r in table.rows for cell in r.cells] == ["−10.00 pp", *["--"] * 4]
    assert table.notes == ("With one seed there is neither an interval nor a test.",)
