"""Figures of the parts of a cost."""

from dataclasses import replace

import pytest

from study.report import figures
from tests.report import scenes
from tests.report.figures.drawn import kind, reported


def test_pieces_of_a_bar_add_up(lab):
    study_report = reported(scenes.SCENES["emsa"](lab))
    (figure,) = [figure for figure in figures.all_figures(study_report) if figure.name == "cost"]
    for (_, split), part in figure.data.groupby(["arm", "split"]):
        assert part["high"].max() == pytest.approx(part["value"].sum()), split
        assert part["low"].tolist()[1:] == pytest.approx(part["high"].tolist()[:-1])


def test_stages_stand_as_they_follow_each_other_not_as_the_store_sorts_them(lab):
    plan, store = scenes.SCENES["emsa"](lab)
    arms = (
        replace(
            arm,
            cost_record=arm.cost_record.model_copy(
                update={"stages": dict(sorted(arm.cost_record.stages.items()))}
            ),
        )
        for arm in plan.arms
    )
    drawn = figures.all_figures(reported((replace(plan, arms=tuple(arms)), store)))
    (figure,) = [figure for figure in drawn if figure.name == "cost"]
    for _, part in figure.data[figure.data["split"] == "stage"].groupby("arm"):
        assert part["what"].tolist() == ["4", "8", "16", "32", "head"]


def test_totals_far_apart_are_shown_by_their_shares(lab):
    (figure,) = [
        figure
        for figure in figures.all_figures(reported(scenes.counted(scenes.resolution(lab))))
        if figure.name == "cost"
    ]
    assert set(figure.data["unit"]) == {"%"}
    assert figure.data.groupby(["arm", "split"])["value"].sum().tolist() == pytest.approx(
        [100] * 16
    )


def test_one_epoch_is_no_curve(lab):
    study_report = reported(scenes.learnt(lab(top1={"baseline": [0.9] * 3}), epochs=1))
    assert not [
        figure for figure in figures.all_figures(study_report) if kind(figure.name) == "curves"
    ]


def test_what_was_refused_has_no_bar(lab):
    plan, store = scenes.SCENES["emsa"](lab)
    first, *rest = plan.arms
    lost = replace(first, cost_record=first.cost_record.model_copy(update={"refused": "no count"}))
    study_report = reported((replace(plan, arms=(lost, *rest)), store))
    (figure,) = [figure for figure in figures.all_figures(study_report) if figure.name == "cost"]
    assert first.digest not in set(figure.data["arm"])


def test_an_arm_that_costs_as_much_as_the_baseline_has_no_row(shown):
    study_report, drawn = shown("emsa")
    labels = {arm.digest: arm.label for arm in study_report.plan.arms}
    rows = {labels[arm] for arm in drawn["cost"].data["arm"]}
    assert "Ratios" not in rows
    assert {"baseline", "1-1-1-1 (MSA)"} <= rows
    assert "Average Pooling" not in rows
