"""Figures of the parts of a cost."""

from dataclasses import replace

import pytest

from study.report import figures
from tests.report import scenes
from tests.report.figures.drawn import kind, told


def test_pieces_of_a_bar_add_up(lab):
    made = told(scenes.counted(scenes.mixed(lab)))
    (one,) = [one for one in figures.all_figures(made) if one.name == "cost"]
    for (_, split), part in one.data.groupby(["arm", "split"]):
        assert part["high"].max() == pytest.approx(part["value"].sum()), split
        assert part["low"].tolist()[1:] == pytest.approx(part["high"].tolist()[:-1])


def test_stages_stand_as_they_follow_each_other_not_as_the_store_sorts_them(lab):
    plan, store = scenes.counted(scenes.mixed(lab))
    arms = (
        replace(
            arm,
            cost_record=arm.cost_record.model_copy(
                update={"stages": dict(sorted(arm.cost_record.stages.items()))}
            ),
        )
        for arm in plan.arms
    )
    drawn = figures.all_figures(told((replace(plan, arms=tuple(arms)), store)))
    (one,) = [one for one in drawn if one.name == "cost"]
    for _, part in one.data[one.data["split"] == "stage"].groupby("arm"):
        assert part["what"].tolist() == ["4", "8", "16", "32", "head"]


def test_totals_far_apart_are_shown_by_their_shares(lab):
    (one,) = [
        one
        for one in figures.all_figures(told(scenes.counted(scenes.resolution(lab))))
        if one.name == "cost"
    ]
    assert set(one.data["unit"]) == {"%"}
    assert one.data.groupby(["arm", "split"])["value"].sum().tolist() == pytest.approx([100] * 16)


def test_one_epoch_is_no_curve(lab):
    made = told(scenes.learnt(lab(top1={"baseline": [0.9] * 3}), epochs=1))
    assert not [one for one in figures.all_figures(made) if kind(one.name) == "curves"]


def test_what_was_refused_has_no_bar(lab):
    plan, store = scenes.counted(scenes.mixed(lab))
    first, *rest = plan.arms
    lost = replace(first, cost_record=first.cost_record.model_copy(update={"refused": "no count"}))
    made = told((replace(plan, arms=(lost, *rest)), store))
    (one,) = [one for one in figures.all_figures(made) if one.name == "cost"]
    assert first.digest not in set(one.data["arm"])
