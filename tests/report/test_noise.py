"""Contrasts, factors and the sentences about chance, beside the table."""

import numpy as np
import pytest

from study import stats
from study.analysis.analysis import Analysis
from study.analysis.per_image import images
from study.report import report

TWO = {"model.stem": ["ResT", "PVT"], "model.reduction": ["DW", "Avg"]}
QUARTET = {
    "baseline": [0.70, 0.72, 0.71],
    "Avg": [0.71, 0.74, 0.72],
    "PVT": [0.69, 0.72, 0.70],
    "PVT + Avg": [0.73, 0.75, 0.75],
}
TRIO = {
    "baseline": [0.91, 0.92, 0.90],
    "Average Pooling": [0.905, 0.912, 0.90],
    "Max Pooling": [0.89, 0.91, 0.88],
}
AGAIN = [0.92, 0.90, 0.93]


def tables(plan, store):
    return report.report(plan, store).tables


def all_notes(table):
    return " ".join(table.notes)


# ---- contrasts ----


def test_what_is_declared_is_one_family_of_paired_tests(lab):
    table = tables(
        *lab(
            top1=TRIO,
            contrasts=(("Average Pooling", "baseline"), ("Max Pooling", "Average Pooling")),
            claims=("Max Pooling is worse than Depth-wise Conv2d on top1",),
        )
    )["contrasts"]
    rows = table.blocks[0].rows
    assert [row.label for row in rows] == [
        "Average Pooling − baseline, Top-1",
        "Max Pooling − Average Pooling, Top-1",
        "Max Pooling − baseline, Top-1",
    ]
    assert "corrected for 3 tests" in table.caption
    assert "is at least 0.75" in all_notes(table)
    base, _, other = TRIO.values()
    t = stats.t_test(np.subtract(other, base))
    assert rows[2].cells[1].text == f"{t:.3f}"


def test_what_is_declared_twice_is_tested_once(lab):
    claims = (
        "Max Pooling is worse than baseline on top1",
        "baseline is better than Max Pooling on top1 by 0.1",
    )
    by_name = tables(*lab(top1=TRIO, contrasts=(("Max Pooling", "baseline"),), claims=claims))
    assert len(by_name["contrasts"].blocks[0].rows) == 1


@pytest.mark.parametrize(
    "claim",
    [
        "Max Pooling is within 1 of baseline on top1",
        "Max Pooling ranks last on top1",
        "Max Pooling has less params than baseline",
        "Max Pooling has at least 50 top1",
    ],
)
def test_claims_that_no_difference_says_nothing_of_are_no_contrasts(lab, claim):
    assert "contrasts" not in tables(*lab(top1=TRIO, claims=(claim,)))


def test_one_seed_tests_nothing(lab):
    single = {label: values[:1] for label, values in TRIO.items()}
    plan_and_store = lab(top1=single, seeds=1, contrasts=(("Max Pooling", "baseline"),))
    table = tables(*plan_and_store)["contrasts"]
    assert table.blocks[0].rows[0].cells[-1].text == "--"
    assert table.notes == ("With one seed there is neither an interval nor a test.",)


def test_a_contrast_with_a_diverged_arm_is_listed_and_empty(lab):
    lost = {**TRIO, "Max Pooling": [0.89, np.nan, 0.88]}
    table = tables(*lab(top1=lost, contrasts=(("Max Pooling", "baseline"),)))["contrasts"]
    assert {cell.text for cell in table.blocks[0].rows[0].cells} == {"--"}


# ---- factors ----


def test_all_combinations_have_main_effects_and_interactions(lab):
    table = tables(*lab(TWO, top1=QUARTET, designs=("factorial",)))["factors"]
    heads = [(block.head, [row.label for row in block.rows]) for block in table.blocks]
    assert heads == [("main effects", ["PVT", "Avg"]), ("interactions", ["PVT × Avg"])]
    assert table.blocks[1].rows[0].cells[0].text.startswith("+2.67 [")


@pytest.mark.parametrize(
    "fields", [{"designs": ("one_at_a_time",)}, {"designs": ("factorial",), "seeds": 0, "top1": {}}]
)
def test_other_designs_and_studies_without_seeds_have_no_factors(lab, fields):
    assert "factors" not in tables(*lab(TWO, **{"top1": QUARTET, **fields}))


# ---- notes ----


def test_what_pairing_left_is_said_of_all_arms_together_and_of_the_extreme_ones(lab):
    table = tables(*lab(top1=TRIO))["supplement"]
    columns = [np.array(values) for values in TRIO.values()]
    paired = sum(np.var(column - columns[0], ddof=1) for column in columns[1:])
    apart = sum(np.var(column, ddof=1) + np.var(columns[0], ddof=1) for column in columns[1:])
    ratios = [
        np.var(c - columns[0], ddof=1) / (np.var(c, ddof=1) + np.var(columns[0], ddof=1))
        for c in columns[1:]
    ]
    notes = all_notes(table)
    assert f"of unpaired seeds, is {paired / apart:.2f} (Top-1, all arms; from " in notes
    assert f"from {min(ratios):.2f} for " in notes
    assert f"to {max(ratios):.2f} for " in notes


def test_of_two_seeds_and_one_arm_nothing_is_said_of_pairing(lab):
    plan_and_store = lab(
        {"model.x": ["a", "b"]}, top1={"baseline": [0.1, 0.2], "b": [0.1, 0.3]}, seeds=2
    )
    assert "Pairing" not in all_notes(tables(*plan_and_store)["supplement"])


def test_a_path_says_that_one_order_was_measured(lab):
    path = {label: value for label, value in QUARTET.items() if label != "Avg"}
    plan, store = lab(TWO, top1=path, designs=("cumulative",))
    table = tables(plan, store)["table_wide"]
    (note,) = [note for note in table.notes if "Only one order was measured" in note]
    column = note.partition(": ")[2].partition(" of a row")[0]
    assert any(head.startswith(column) for head in table.heads)
    assert "a step's effect" not in note


def test_another_order_says_how_far_the_first_mattered(lab):
    notes = all_notes(
        tables(*lab(TWO, top1=QUARTET, designs=("cumulative", "factorial")))["table_wide"]
    )
    assert "a difference of +2.67 [" in notes
    assert "(2 positions were measured)" in notes


# ---- A/A ----


def test_the_a_a_arm_is_in_no_row_and_its_floor_is_in_a_note(lab):
    plan, store = lab(top1=TRIO, aa=True, again=AGAIN)
    analysis = Analysis(plan, store)
    frame = analysis.measurements
    assert (frame["metric"] == "top1").sum() == 9
    low, high = analysis.noise_range("top1")
    base = np.array(TRIO["baseline"])
    sd = np.sqrt((np.var(base, ddof=1) + np.var(AGAIN, ddof=1)) / 2)
    assert high == -low == pytest.approx(2.7764 * sd * np.sqrt(2 / 3), rel=1e-4)
    table = tables(plan, store)["supplement"]
    labels = [row.label for block in table.blocks for row in block.rows]
    assert labels == ["Depth-wise Conv2d", "Average Pooling", "Max Pooling"]
    assert f"Noise floor of Top-1: ±{100 * high:.2f} pp" in all_notes(table)
    assert "3 other seeds: +0.67 pp" in all_notes(table)


def test_without_an_a_a_arm_there_is_no_floor(lab):
    plan, store = lab(top1=TRIO)
    assert Analysis(plan, store).noise_range("top1") is None
    assert "Noise" not in all_notes(tables(plan, store)["supplement"])


def test_an_a_a_trial_that_diverged_leaves_no_floor_and_the_baseline_its_mean(lab):
    plan, store = lab(top1=TRIO, aa=True, again=[0.92, np.nan, 0.93])
    assert Analysis(plan, store).noise_range("top1") is None
    table = tables(plan, store)["supplement"]
    assert "A/A: no noise floor for Top-1" in all_notes(table)
    assert "diverged" not in table.blocks[0].rows[0].cells[1].text


def test_a_missing_a_a_trial_is_called_so(lab):
    plan, store = lab(top1=TRIO, aa=True, again=[0.92, "pending", 0.93])
    assert "A/A seed 1000001 (pending)" in all_notes(tables(plan, store)["table"])


# ---- images ----


@pytest.fixture
def predicted(lab):
    chance = np.random.default_rng(0)
    target = chance.integers(0, 10, size=100)
    plan, store = lab(top1=TRIO)
    for arm in plan.arms:
        for trial in arm.trials:
            right = chance.random(100) < 0.8
            top = np.where(right, target, (target + 1) % 10)[:, None]
            np.savez(store.trial(trial.name) / "predictions.npz", target=target, top=top)
    return plan, store


def test_the_same_images_are_compared_arm_by_arm(predicted):
    table = images(*predicted)
    assert list(table["label"]) == ["Average Pooling", "Max Pooling"]
    assert (table[["seeds", "images"]] == [3, 100]).all(axis=None)
    assert (table["low"] < table["mean"]).all()
    assert (table["some_p"] <= 1).all()


def test_without_predictions_nothing_is_told_of_images(lab, predicted):
    plan, store = predicted
    (store.trial(plan.arms[1].trials[0].name) / "predictions.npz").write_bytes(b"cut short")
    for trial in plan.arms[2].trials:
        (store.trial(trial.name) / "predictions.npz").unlink()
    assert images(plan, store)[["label", "seeds"]].values.tolist() == [["Average Pooling", 2]]


def test_of_what_diverged_nothing_is_told(lab):
    lost = {**TRIO, "baseline": [0.9, np.nan, 0.9]}
    assert images(*lab(top1=lost)).empty
