"""Figures of printed numbers beside measured ones."""

import pytest

from study.report.figures import published_quality
from tests.report import scenes
from tests.report.figures.drawn import published, reported


def test_only_what_is_comparable_stands_beside_what_was_printed(lab):
    points = published.points(reported(scenes.emsa(lab)))
    rows = points[points["what"] == "measured"].set_index(["row", "metric"])
    assert set(rows.index) == {
        ("Depth-wise Conv2d", "top1"),
        ("Average Pooling", "top1"),
        ("Max Pooling", "top1"),
        ("Depth-wise Conv2d", "params"),
        ("Max Pooling", "params"),
    }
    assert rows.loc[("Max Pooling", "params"), "value"] == pytest.approx(100 * (2.51 / 2.49 - 1))


def test_what_has_no_margin_or_diverged_says_so(lab):
    protocol = {"data": "digits", "img_size": 64, "recipe": "smoke", "epochs": 3, "batch_size": 128}
    stated = {"top1": 90.0, "protocol": protocol}
    plan_and_store = lab(
        top1={"baseline": [0.9] * 3, "Max Pooling": [0.9, float("nan"), 0.9]},
        published={"Depth-wise Conv2d": stated, "Max Pooling": stated},
        cost={"baseline": {"params": 0, "macs": 1e9}},
    )
    verdicts = published.points(reported(plan_and_store)).set_index(["row", "what"])["verdict"]
    assert verdicts["Depth-wise Conv2d", "measured"] == "no margin stated"
    assert verdicts["Max Pooling", "measured"] == "diverged"


def test_a_printed_cost_of_nothing_has_no_relative_difference(lab):
    none = {"macs_matmul": 0.0, "protocol": {"data": "digits", "img_size": 64}}
    cost = {"baseline": {"macs_matmul": 0, "macs": 1e9}}
    columns = ("macs", "macs_matmul", "top1")
    study_report = reported(lab(published={"Depth-wise Conv2d": none}, cost=cost, columns=columns))
    assert published.points(study_report).empty


def test_the_verdict_of_a_row_stands_at_its_right(shown):
    figure = shown("emsa")[1]["published-params"]
    assert [t.get_text() for t in figure.figure.axes[0].texts] == ["reproduced", "contradicted"]


def test_published_quality_is_drawn_over_measured_cost_where_no_quality_is_measured(lab):
    cost = {"baseline": {"params": 1e6}, "Average Pooling": {"params": 2e6}}
    numbers = {"Depth-wise Conv2d": {"top1": 77.2}, "Average Pooling": {"top1": 79.6}}
    study_report = reported(lab(seeds=0, cost=cost, published=numbers, columns=("params", "top1")))
    (figure,) = published.published(study_report)
    assert figure.name == "published-quality"
    assert figure.data["value"].tolist() == [77.2, 79.6]
    assert figure.data["what"].tolist() == ["front", "front"]


@pytest.mark.parametrize(
    ("low", "high", "standing"),
    [(0.7, 1.1, published_quality.TIED), (0.8, 0.9, published_quality.FRONT)],
)
def test_an_arm_is_on_the_front_of_published_quality_if_it_is_surely_cheaper(
    lab, low, high, standing
):
    ratio = {"value": 0.85, "low": low, "high": high}
    latency = {"value": 5.0, "low": 5.0, "high": 5.0}
    timed = {
        "baseline": {"latency_p50": latency},
        "Average Pooling": {"latency_p50": {**latency, "ratio": ratio}},
    }
    numbers = {"baseline": {"top1": 73.0}, "Average Pooling": {"top1": 72.0}}
    study_report = reported(
        lab(seeds=0, timed=timed, published=numbers, columns=("latency_p50", "top1"))
    )
    (figure,) = published_quality.published_quality(study_report)
    standings = dict(zip(figure.data["label"], figure.data["what"], strict=True))
    assert standings["Average Pooling"] == standing


def test_published_quality_gives_way_to_a_measured_one(shown):
    assert "published-quality" not in shown("emsa")[1]
