"""Figures of effects."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from study.report import figures, report
from study.report.figure_style import figure_style
from study.report.figures.row_layout import Line, used_room
from study.report.figures.style_sheets import styled
from study.spec.metric import Catalogue
from tests.catalogue import METRICS
from tests.report import scenes
from tests.report.figures.drawn import effects, kind, reported


def test_effects_are_those_of_the_statistics(lab):
    study_report = reported(scenes.emsa(lab))
    drawn = effects.points(study_report)
    means = drawn[drawn["what"] == "mean"].set_index("arm")
    known = study_report.analysis.effect_rows.set_index("arm")
    for column, other in (("value", "mean"), ("low", "low"), ("high", "high")):
        np.testing.assert_allclose(means[column], 100 * known.loc[means.index, other])
    band = drawn[drawn["what"] == "noise floor"].iloc[0]
    assert (band["low"], band["high"]) == pytest.approx(
        tuple(100 * end for end in study_report.analysis.noise_range("top1"))
    )


def test_states_of_trials_are_beside_the_rows_in_the_order_of_the_table(shown):
    texts = [t.get_text() for t in shown("mixed")[1]["effects"].figure.axes[0].texts]
    assert texts[:4] == ["Reduction", "baseline: DW", "failed", "missing"]
    assert texts[4].endswith("\n1 of 3 failed")
    assert texts[-1] == "1 of 3 diverged"


def test_no_line_strikes_out_the_words_of_a_heading(shown):
    texts = shown("mixed")[1]["effects"].figure.axes[0].texts
    boxes = [text.get_bbox_patch() for text in texts[:2]]
    assert [box.get_facecolor() for box in boxes] == [(1, 1, 1, 1)] * 2


def test_numbers_have_the_room_that_short_labels_leave():
    short, long = (Line(text, "arm") for text in ("64", "A label that is broken into lines"))
    assert used_room([short], 120) < 30
    assert used_room([short, long], 120) == 120
    assert used_room([Line("The heading of a block is above the rows", None), short], 120) < 30


def test_what_bars_and_zero_are_stands_in_the_figure(shown):
    words = {
        name: shown(name)[1]["effects"].figure.get_supxlabel() for name in ("emsa", "factorial")
    }
    assert "mean with 95 % t interval, 3 seeds" in " ".join(words["emsa"].split())
    assert "grey band: noise floor (A/A)" in words["emsa"]
    assert "0: baseline (IN, Conv-1x1)" in words["factorial"]


@pytest.mark.heavy
def test_a_hundred_arms_are_all_there_on_pages_of_one_scale(shown):
    drawn = [figure for name, figure in shown("many")[1].items() if kind(name) == "effects"]
    arms = [arm for figure in drawn for arm in figure.data["arm"].dropna().unique()]
    assert len(drawn) > 2
    assert len(arms) == len(set(arms)) == 100
    assert len({figure.figure.axes[0].get_xlim() for figure in drawn}) == 1


@pytest.mark.parametrize("width", ["column", "text"])
def test_an_outlier_leaves_the_panel_room(lab, width):
    metric = replace(METRICS["top1"], unit="")
    top1 = {
        "baseline": [0.5, 0.6, 0.7],
        "Average Pooling": [-1e6, -3e6, -2e6],
        "Max Pooling": [1e6, 1e6 + 1, 1e6 - 1],
    }
    plan_and_store = lab(top1=top1, catalogue=Catalogue({**METRICS, "top1": metric}))
    drawn = report.report(*plan_and_store, figure_style(width, "sans"))
    (figure,) = [f for f in figures.all_figures(drawn) if f.name == "effects"]
    with styled(drawn.style):
        figure.figure.draw_without_rendering()
    (axes,) = figure.figure.axes
    # 50 points of 1/72 inch.
    assert axes.get_window_extent().width / figure.figure.dpi * 72 >= 50
    low, high = axes.get_xlim()
    ticks = [t for t in axes.xaxis.get_major_ticks() if low <= t.get_loc() <= high]
    boxes = sorted(t.label1.get_window_extent().extents.tolist() for t in ticks)
    assert all(after[0] > before[2] for before, after in pairwise(boxes))
    assert axes.xaxis.get_offset_text().get_text() == ""
    assert "\n" not in figure.alt
