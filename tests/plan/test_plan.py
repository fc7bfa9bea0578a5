"""Plans: rows in blocks, prices, and what makes a report stale."""

import math
from pathlib import Path

import pytest

from study.analysis.measurements import aa_measurements, fingerprint, measurements
from study.api.request import StudyRequest
from study.cli.plan_table import plan_notes
from study.errors import SpecError
from study.plan.estimate import Hardware, remaining_time, steps_key
from study.plan.plan import Plan
from study.report.blocks import arm_blocks
from study.stats import seeds_for
from study.store.atomic import read
from study.store.records import Evaluation
from study.store.store import FORMAT, Store, write
from study.store.timing_records import StepTimes

FACTORS = "model.reduction: {DW: depthwise, Avg: average}"
TWO = FACTORS + "\n  model.stem: {ResT: rest, PVT: pvt}"


def planned(file: Path, *settings: str) -> tuple[Plan, Store]:
    return StudyRequest(file, None, settings, file.parent / "results").plan()


def labels(plan: Plan) -> list[tuple[str, list[str]]]:
    return [(head, [label for label, _ in rows]) for head, rows, _ in arm_blocks(plan)]


@pytest.mark.heavy
def test_every_factor_has_its_block_and_the_baseline_opens_it(tiny):
    tiny.write_text(tiny.read_text().replace(FACTORS, TWO))
    plan, _ = planned(tiny)
    assert labels(plan) == [("Reduction", ["DW", "Avg"]), ("Stem", ["ResT", "PVT"])]


@pytest.mark.parametrize(
    ("design", "rows"),
    [
        ("factorial", ["DW, ResT", "DW, PVT", "Avg, ResT", "Avg, PVT"]),
        ("cumulative", ["baseline", "Avg", "Avg + PVT"]),
    ],
)
def test_a_design_that_combines_has_one_block(tiny, design, rows):
    tiny.write_text(tiny.read_text().replace(FACTORS, TWO))
    plan, _ = planned(tiny, f"design={design}")
    assert [arms for _, arms in labels(plan)] == [rows]


def test_designs_share_their_arms(tiny):
    tiny.write_text(tiny.read_text().replace(FACTORS, TWO))
    plan, _ = planned(tiny, "design=[one_at_a_time, factorial]")
    assert [arm.label for arm in plan.arms] == ["baseline", "Avg", "PVT", "Avg + PVT"]


def test_every_arm_gets_its_first_seed_before_any_gets_its_second(tiny):
    plan, _ = planned(tiny)
    assert [record.seed for record in plan.records().values()] == [0, 0, 1, 1]


def test_costs_are_there_before_anything_has_run(tiny):
    plan, store = planned(tiny)
    rows = measurements(plan, store)
    assert {row["metric"] for row in rows} >= {"params", "macs", "macs_conv_linear"}
    assert all(row["seed"] is None for row in rows)


def test_an_a_a_arm_is_more_trials_of_the_baseline_and_no_row(tiny):
    plan, store = planned(tiny, "aa=true")
    assert [arm.label for arm in plan.arms] == ["DW", "Avg"]
    assert [trial.seed for trial in plan.baseline.trials] == [0, 1, 1_000_000, 1_000_001]
    assert [trial.seed for trial in plan.baseline.replicates] == [0, 1]
    assert [trial.seed for trial in plan.arms[1].trials] == [0, 1]
    names = [trial.name for trial in plan.trials]
    assert len(set(names)) == len(plan.missing) == 6
    assert names[2] == f"{plan.baseline.digest}-1000000"
    assert [record.seed for record in plan.records().values()][-2:] == [1_000_000, 1_000_001]
    assert plan.key == planned(tiny)[0].key
    assert fingerprint(plan, store) != fingerprint(*planned(tiny))


def test_an_a_a_arm_has_a_seed_beside_every_seed(tiny):
    assert planned(tiny, "aa=true", "seeds=[7, 4294967295]")[0].study.aa_seeds == (
        1_000_007,
        999_999,
    )
    assert not planned(tiny, "aa=true", "seeds=0")[0].trials
    with pytest.raises(SpecError, match="seed 1000003 is the A/A arm's"):
        planned(tiny, "aa=true", "seeds=[3, 1000003]")


def entered(store: Store, plan: Plan, values: dict[str, list[float]]) -> None:
    """Results made by hand, those of the A/A arm last."""
    for arm in plan.arms:
        for trial, value in zip(arm.trials, values[arm.label], strict=True):
            state = "completed" if value == value else "diverged"
            write(
                store.trial(trial.name) / "result.json",
                {
                    "format": FORMAT,
                    "trial": trial.name,
                    "state": state,
                    "config": arm.config.plain,
                    "metrics": {"top1": value},
                    "environment": {"machine": "x"},
                },
            )


VALUES = {"DW": [0.5, 0.6, 0.54, 0.7], "Avg": [0.55, 0.75]}


def test_the_a_a_arm_stands_beside_the_seeds_of_the_baseline(tiny):
    plan, store = planned(tiny, "aa=true")
    entered(store, plan, VALUES)
    plan, store = planned(tiny, "aa=true")
    rows = [(row["arm"], row["seed"], row["value"]) for row in aa_measurements(plan, store)]
    assert rows == [("A/A", 0, 0.54), ("A/A", 1, 0.7)]
    measured = [r["value"] for r in measurements(plan, store) if r["metric"] == "top1"]
    assert measured == [0.5, 0.6, 0.55, 0.75]


def test_a_plan_says_what_its_seeds_can_show(tiny):
    plan, store = planned(tiny, "seeds=2", "margins={top1: 10}")
    size = "with 2 seeds a difference of 11.6 sd (of per-seed differences)"
    reach = f"{size} is detected with 80 % power"
    assert plan_notes(plan, None, 1)[-1].startswith(f"{reach} (the sd is unknown")
    entered(store, plan, {"DW": [0.5, 0.6], "Avg": [0.55, 0.75]})
    plan, _ = planned(tiny, "seeds=2", "margins={top1: 10}")
    sd = 0.1 / 2**0.5
    assert plan.sd == pytest.approx(sd)
    notes = plan_notes(plan, None, 1)
    assert f"{reach} (Top-1: {1155 * sd:.2f} pp, from finished trials)" in notes
    # Of two seeds the sd may be a hundredth or thirty times of what it seems.
    seeds = f"{seeds_for(0.1, sd)} (4 to more than 1000) seeds"
    assert notes[-1].startswith(f"the margin, 10 pp, needs {seeds} (80 % power; range: the sd is ")
    assert "from 2 seeds), set in advance" in notes[-1]
    assert "seeds: {min, max, stop: decided}" in notes[-1]


def test_a_plan_knows_no_spread_of_what_diverged_or_is_not_paired(tiny):
    plan, store = planned(tiny)
    entered(store, plan, {"DW": [0.5, float("nan")], "Avg": [0.55, 0.75]})
    assert math.isnan(planned(tiny)[0].sd)
    assert math.isnan(planned(tiny, "columns=[params]")[0].sd)


def test_a_plan_says_what_the_a_a_arm_is_for(tiny):
    notes = plan_notes(planned(tiny, "aa=true", "seeds=1")[0], None, 1)
    assert notes[-1] == "A/A: 1 more trial of the baseline with other seeds measure the noise floor"


def test_a_price_comes_from_timed_steps_and_then_from_finished_trials(tiny):
    plan, store = planned(tiny)
    store = Store(tiny.parent / "other")
    assert remaining_time(plan, store, 1) is None
    pace = StepTimes(steps=3, train=64, val=40, train_image_seconds=0.1, image_seconds=0.0)
    store.keep("timings", steps_key(plan), pace)
    seconds, how = remaining_time(plan, store, 1)
    macs = [arm.cost_record.cost["macs"] for arm in plan.arms]
    assert seconds == pytest.approx(2 * 2 * 6.4 * sum(macs) / macs[0])
    assert "3 timed steps" in how
    assert remaining_time(plan, store, 2)[0] == pytest.approx(seconds / 2)
    assert remaining_time(plan, store, 1, hardware=Hardware("")) is None


def test_a_report_is_stale_when_anything_it_shows_has_changed(tiny):
    plan, store = planned(tiny)
    assert fingerprint(plan, store) == fingerprint(*planned(tiny))
    assert fingerprint(plan, store) != fingerprint(*planned(tiny, "columns=[params]"))


@pytest.mark.heavy
def test_a_changed_default_makes_a_stored_result_be_refused(inside, tiny):
    assert inside("run", tiny, "--on", "inline", "--no-speed").returncode == 0
    path = next((tiny.parent / "results" / "trials").glob("*/result.json"))
    result = read(path)
    result["config"]["recipe"]["momentum"] = 0.5
    write(path, result)
    refused = inside("status", tiny)
    assert refused.returncode == 2
    assert "recipe.momentum: 0.5 then, 0.9 now" in refused.stderr


def test_an_evaluation_without_a_quality_of_the_columns_is_taken_again(tiny):
    plan, _ = planned(tiny, "columns=[top1, macro_f1@96]")
    old, new = Evaluation(metrics={"top1": 0.5}), Evaluation(metrics={"macro_f1": 0.5})
    assert [plan.lacks(known, 96) for known in (None, old, new)] == [True, True, False]
    assert not plan.lacks(Evaluation(metrics={}, refused="too large"), 96)


def test_another_way_to_run_inference_is_another_session(tiny):
    def key(*settings):
        settings = ("columns=[throughput]", "seeds=0", *settings)
        request = StudyRequest(tiny, None, settings, tiny.with_name("results"))
        return request.plan()[0].key

    ways = ("{precision: bfloat16}", "{compile: true}", "{channels_last: true}")
    assert len({key(), *(key(f"timing={way}") for way in ways)}) == 4
    assert key("timing={precision: float32}") == key()
    # Builds follow until intervals are as narrow as the resolution.
    assert key("timing={resolution: 0.5}") != key()
