"""Figures of quality against cost."""

import itertools
import math

from matplotlib.figure import Figure

from study.report.figures.axes import multiples, readable_ticks
from study.report.figures.label_placement import Label, place
from study.report.figures.style_sheets import styled
from tests.report.figures.drawn import pareto, reported


def test_the_front_is_what_nobody_is_beyond(shown):
    data = shown("emsa")[1]["pareto"].data
    data = data[data["against"] == "macs"]
    arms = list(data.itertuples())
    for arm in arms:
        beyond = [
            o
            for o in arms
            if o.value >= arm.value
            and o.cost <= arm.cost
            and (o.value > arm.value or o.cost < arm.cost)
        ]
        assert (arm.what == pareto.FRONT) == (not beyond)


def test_an_arm_is_behind_only_beyond_chance(lab):
    near = [0.9, 0.91, 0.92]
    cost = {
        "baseline": {"macs": 1e9},
        "Average Pooling": {"macs": 2e9},
        "Max Pooling": {"macs": 3e9},
    }
    top1 = {
        "baseline": near,
        "Average Pooling": [0.899, 0.912, 0.917],
        "Max Pooling": [0.701, 0.712, 0.719],
    }
    study_report = reported(lab(top1=top1, cost=cost))
    places = pareto.points(study_report, "top1", "macs").set_index("label")["what"]
    assert dict(places) == {
        "Depth-wise Conv2d (baseline)": pareto.FRONT,
        "Average Pooling": pareto.TIED,
        "Max Pooling": pareto.BEHIND,
    }


def test_one_seed_puts_nobody_behind(lab):
    top1 = {"baseline": [0.9], "Average Pooling": [0.1]}
    study_report = reported(lab(top1=top1, seeds=1, cost={"Average Pooling": {"macs": 9e9}}))
    assert list(pareto.points(study_report, "top1", "macs")["what"]) == [pareto.FRONT, pareto.TIED]


def test_more_is_better_turns_the_front(lab):
    rates = {"baseline": 100, "Average Pooling": 200}
    timed = {a: {"throughput": {"value": v, "low": v, "high": v}} for a, v in rates.items()}
    top1 = {"baseline": [0.8, 0.81, 0.82], "Average Pooling": [0.9, 0.91, 0.92]}
    points = pareto.points(reported(lab(top1=top1, timed=timed)), "top1", "throughput")
    assert list(points["what"]) == [pareto.TIED, pareto.FRONT] or points["what"][1] == "front"


def _timed(median, ratio):
    value, low, high = ratio
    ends = {"value": value, "low": low, "high": high}
    return {"throughput": {"value": median, "low": median, "high": median, "ratio": ends}}


def test_the_front_is_that_of_the_drawn_ratios_and_not_of_the_medians(lab):
    timed = {
        "baseline": {"throughput": {"value": 200.0, "low": 200.0, "high": 200.0}},
        "Average Pooling": _timed(275.0, (1.04, 0.96, 1.31)),
        "Max Pooling": _timed(268.0, (1.19, 0.99, 1.39)),
    }
    top1 = {arm: [0.8, 0.8, 0.8] for arm in timed}
    points = pareto.points(reported(lab(top1=top1, timed=timed)), "top1", "throughput")
    front = points[points["what"] == pareto.FRONT]
    assert list(front["label"]) == ["Max Pooling"]
    assert front["cost"].max() == points["cost"].max()


def test_ticks_of_ratios_reach_over_the_axis_and_do_not_meet():
    figure = Figure(figsize=(2.2, 2))
    axes = figure.subplots()
    axes.plot([0.846, 1], [0, 1], "o")
    axes.plot([0.667, 1.088], [0, 0])
    multiples(axes.xaxis, [0.846, 1, 0.667, 1.088])
    readable_ticks(figure)
    low, high = axes.get_xlim()
    places = [place for place in axes.xaxis.get_majorticklocs() if low <= place <= high]
    assert 1 in places
    assert min(places) < 0.846
    assert not _meeting(axes.xaxis)


def test_ticks_with_long_numbers_do_not_meet_and_keep_zero():
    figure = Figure(figsize=(1.0, 2))
    axes = figure.subplots()
    axes.plot([-2_000_000.5, 1_000_000], [0, 1])
    readable_ticks(figure)
    figure.draw_without_rendering()
    assert axes.xaxis.get_offset_text().get_text() == ""
    texts = [text.get_text() for text in axes.xaxis.get_ticklabels()]
    assert "0" in {text.removesuffix(".0") for text in texts}
    assert any(text.endswith("e6") for text in texts)
    assert not _meeting(axes.xaxis)


def _meeting(axis):
    """Pairs of neighbouring tick labels that overlap."""
    axis.get_figure().draw_without_rendering()
    low, high = axis.get_view_interval()
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    boxes = sorted(tick.label1.get_window_extent().extents.tolist() for tick in ticks)
    return [(a, b) for a, b in itertools.pairwise(boxes) if b[0] <= a[2]]


def test_a_baseline_among_close_marks_is_named():
    with styled():
        figure = Figure(figsize=(6.9, 2.2), layout="constrained")
        axes = figure.subplots()
        axes.set_xlim(0.8, 1.5)
        axes.set_ylim(9.4, 10.6)
        labels = [
            Label((1.0, 10.0), "ResT-T (baseline)", needed=True, weight="bold"),
            Label((1.04, 10.0), "Drop path 0.1"),
            Label((0.989, 10.0), "Same"),
        ]
        front = [((1.04, 10.0), (1.19, 10.0))]
        bars = [((0.86, 10.0), (1.39, 10.0))]
        assert place(axes, labels, front, bars) == []
    assert "ResT-T (baseline)" in {text.get_text() for text in axes.texts}


def test_a_cost_that_hardly_varies_has_no_panel(lab):
    near, far = {"macs": 1.01e9, "params": 1e6}, {"macs": 1e9, "params": 2e6}
    top1 = {"baseline": [0.8, 0.81, 0.82], "Average Pooling": [0.9, 0.91, 0.92]}
    study_report = reported(lab(top1=top1, cost={"baseline": near, "Average Pooling": far}))
    (figure,) = pareto.pareto(study_report)
    assert set(figure.data["against"]) == {"params"}


def test_labels_overlap_neither_each_other_nor_a_mark(shown):
    for name in ("emsa", "many", "weird", "path"):
        figure = shown(name)[1]["pareto"].figure
        with styled():
            figure.draw_without_rendering()
        for axes in figure.axes:
            boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
            for a, b in itertools.combinations(boxes, 2):
                assert not a.shrunk(0.9, 0.8).overlaps(b.shrunk(0.9, 0.8)), name


def test_a_label_is_inside_the_axes_and_nearest_to_its_own_mark():
    # A tight column of marks by the axis, where labels on all sides would mislead.
    marks = [(1.0, 10.0), (2.0, 9.0), (2.0, 30.0), (2.0, 33.0), (2.0, 33.4), (2.0, 48.0)]
    texts = ["Patch 4", "SGD", "Average pooling", "baseline", "Rand", "Drop path"]
    with styled():
        figure = Figure(figsize=(3.3, 2.2))
        axes = figure.subplots()
        axes.set(xlim=(0.9, 6), ylim=(0, 100))
        labels = [Label(*pair, needed=True) for pair in zip(marks, texts, strict=True)]
        left_out = place(axes, labels, [])
        spots = dict(zip(texts, axes.transData.transform(marks), strict=True))
        notes = [note for note in axes.texts if note.get_text()]
        assert {*left_out, *(note.get_text() for note in notes)} == {*texts}
        for note in notes:
            box = note.get_window_extent()
            assert axes.get_window_extent().padded(1).containsx(box.x0)
            gaps = {text: gap(box, spot) for text, spot in spots.items()}
            own = spots[note.get_text()]
            # Marks that overlap have no places of their own.
            far = [
                gaps[text]
                for text, spot in spots.items()
                if math.dist(spot, own) > 5 * figure.dpi / 72
            ]
            assert gaps[note.get_text()] <= min(far)


def gap(box, spot):
    """Distance of a point from a box."""
    x, y = spot
    return math.hypot(max(box.x0 - x, 0, x - box.x1), max(box.y0 - y, 0, y - box.y1))


def test_the_baseline_is_named_in_every_panel(shown):
    for axes in shown("emsa")[1]["pareto"].figure.axes:
        assert any("baseline" in text.get_text() for text in axes.texts if axes.get_visible())


def test_a_cost_of_zero_has_a_place_on_its_axis(lab):
    top1 = {"baseline": [0.8, 0.81, 0.82], "Average Pooling": [0.9, 0.91, 0.92]}
    cost = {"baseline": {"macs": 1e9}, "Average Pooling": {"macs": 0.0}}
    with styled():
        (drawn,) = pareto.pareto(reported(lab(top1=top1, cost=cost)))
    assert drawn.figure.axes[0].get_xscale() == "linear"
