"""Plans: rows in blocks, prices, and what makes a report stale."""

import json
from pathlib import Path

import pytest

from study.cli.options import Asked
from study.measurements import fingerprint, measurements
from study.plan import Plan, blocks, records
from study.price import price, steps_key
from study.store import Store

FACTORS = "model.reduction: {DW: depthwise, Avg: average}"
TWO = FACTORS + "\n  model.stem: {ResT: rest, PVT: pvt}"


def planned(file: Path, *settings: str) -> tuple[Plan, Store]:
    return Asked(file, None, settings, file.parent / "results").plan()


def labels(plan: Plan) -> list[tuple[str, list[str]]]:
    return [(head, [label for label, _ in rows]) for head, rows in blocks(plan)]


def test_every_factor_has_its_block_and_the_baseline_opens_it(tiny):
    tiny.write_text(tiny.read_text().replace(FACTORS, TWO))
    plan, _ = planned(tiny)
    assert labels(plan) == [("model.reduction", ["DW", "Avg"]), ("model.stem", ["ResT", "PVT"])]


@pytest.mark.parametrize(
    ("design", "rows"),
    [
        ("factorial", ["baseline", "PVT", "Avg", "Avg + PVT"]),
        ("cumulative", ["baseline", "Avg", "Avg + PVT"]),
    ],
)
def test_a_design_that_combines_has_one_block(tiny, design, rows):
    tiny.write_text(tiny.read_text().replace(FACTORS, TWO))
    plan, _ = planned(tiny, f"design={design}")
    assert [found for _, found in labels(plan)] == [rows]


def test_designs_share_their_arms(tiny):
    tiny.write_text(tiny.read_text().replace(FACTORS, TWO))
    plan, _ = planned(tiny, "design=[one_at_a_time, factorial]")
    assert [arm.label for arm in plan.arms] == ["baseline", "Avg", "PVT", "Avg + PVT"]


def test_every_arm_gets_its_first_seed_before_any_gets_its_second(tiny):
    plan, _ = planned(tiny)
    assert [record["seed"] for record in records(plan).values()] == [0, 0, 1, 1]


def test_costs_are_there_before_anything_has_run(tiny):
    plan, store = planned(tiny)
    rows = measurements(plan, store)
    assert {row["metric"] for row in rows} >= {"params", "macs", "macs_conv_linear"}
    assert all(row["seed"] is None for row in rows)


def test_a_price_comes_from_timed_steps_and_then_from_finished_trials(tiny):
    plan, store = planned(tiny)
    store = Store(tiny.parent / "other")
    assert price(plan, store, 1) is None
    pace = {"steps": 3, "train": 64, "val": 40, "train_image_seconds": 0.1, "image_seconds": 0.0}
    store.keep("timings", steps_key(plan), pace)
    seconds, how = price(plan, store, 1)
    macs = [arm.card["cost"]["macs"] for arm in plan.arms]
    assert seconds == pytest.approx(2 * 2 * 6.4 * sum(macs) / macs[0])
    assert "3 timed steps" in how
    assert price(plan, store, 2)[0] == pytest.approx(seconds / 2)


def test_a_report_is_stale_when_anything_it_shows_has_changed(tiny):
    plan, store = planned(tiny)
    assert fingerprint(plan, store) == fingerprint(*planned(tiny))
    assert fingerprint(plan, store) != fingerprint(*planned(tiny, "columns=[params]"))


def test_a_changed_default_makes_a_stored_result_be_refused(inside, tiny):
    assert inside("run", tiny, "--on", "inline", "--no-speed").returncode == 0
    path = next((tiny.parent / "results" / "trials").glob("*/result.json"))
    result = json.loads(path.read_text())
    result["config"]["recipe"]["momentum"] = 0.5
    path.write_text(json.dumps(result))
    refused = inside("status", tiny)
    assert refused.returncode == 2
    assert "recipe.momentum: 0.5 then, 0.9 now" in refused.stderr
