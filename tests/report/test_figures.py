"""The figures: what is drawn, that it fits, that it is the same bytes each time."""

import io
import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from scipy import stats as reference

from study import report
from study.report import figures

RATIOS = ["8-4-2-1", "4-2-1-1", "1-1-1-1 (MSA)", "16-8-4-2", "8-8-8-8", "2-2-2-1", "4-4", "2-2"]
LONG = [f"{ratio}, a name of $many$ words that says & explains_all" for ratio in RATIOS]


def drawn_of(laboratory, factor=0):
    plan, store = laboratory
    return figures.drawn(plan, report.frame(plan, store), factor)


def figure_of(laboratory, factor=0):
    plan, store = laboratory
    return figures.levels(plan, report.frame(plan, store), factor)


def points_of(laboratory, factor=0):
    plan, store = laboratory
    return figures.points(plan, report.frame(plan, store), factor)


def test_points_stand_in_the_order_of_the_file_in_paper_units(complete):
    found = points_of(complete)
    assert list(found["level"].unique()) == ["Depth-wise Conv2d", "Average Pooling", "Max Pooling"]
    assert found.loc[found["what"] == "cost", "value"].tolist() == pytest.approx([1.4, 1.4, 1.39])
    assert found.loc[found["what"] == "seed", "value"].tolist()[:2] == pytest.approx([91.39, 91.97])


def test_the_interval_of_a_mean_is_that_of_scipy(complete):
    mean = points_of(complete).query("what == 'mean'").iloc[0]
    low, high = reference.ttest_1samp([91.39, 91.97, 90.81], 0).confidence_interval()
    np.testing.assert_allclose([mean["low"], mean["high"]], [low, high])


def test_what_diverged_or_is_missing_is_named(lab):
    found = points_of(
        lab(top1={"baseline": [0.9, 0.8, 0.7], "Max Pooling": [0.9, float("nan"), 1]})
    )
    named = found[found["what"].isin(["diverged", "missing"])].set_index("level")["what"]
    assert dict(named) == {"Average Pooling": "missing", "Max Pooling": "diverged"}


def test_a_wide_spread_of_cost_is_drawn_on_a_logarithmic_axis(lab):
    near = figure_of(lab(cost={"Max Pooling": {"params": 1, "macs": 2e9}}))
    wide = figure_of(lab(cost={"Max Pooling": {"params": 1, "macs": 20e9}}))
    assert [f.axes[-1].get_yscale() for f in (near, wide)] == ["linear", "log"]


def test_bars_stand_on_zero(complete):
    assert figure_of(complete).axes[-1].get_ylim()[0] == 0


def test_a_factor_without_two_levels_or_numbers_has_no_figure(lab):
    factors = {"model.a": ["A", "B"], "model.b": ["C", "D"]}
    refused = dict.fromkeys(["baseline", "B", "D", "B + D"], "refused")
    path = lab(factors, designs=("cumulative",), columns=("top1",), cost=refused)
    assert drawn_of(path) == {}


def test_published_numbers_are_not_drawn(lab):
    found = points_of(lab(published={"Max Pooling": {"top1": 1.0, "macs": 1.0}}))
    assert set(found["what"]) == {"cost"}


@pytest.mark.parametrize("labels", [RATIOS[:2], RATIOS[:4], RATIOS, LONG[:2], LONG[:4], LONG])
def test_labels_neither_overlap_nor_leave_the_page(lab, labels):
    figure = figure_of(lab({"model.ratios": labels}))
    FigureCanvasAgg(figure).draw()
    boxes = [text.get_window_extent() for text in figure.axes[-1].get_xticklabels()]
    assert all(a.x1 <= b.x0 for a, b in itertools.pairwise(boxes))
    assert min(box.y0 for box in boxes) >= 0


def test_dollars_in_labels_are_no_mathematics(lab):
    figure = figure_of(lab({"model.x": ["$a_1$ $", "b"]}))
    shown = figure.axes[-1].get_xticklabels()[0]
    assert shown.get_text() == "$a_1$ $"
    assert not shown.get_parse_math()


def test_figures_are_one_column_wide(complete):
    image = Image.open(io.BytesIO(drawn_of(complete)["levels.png"]))
    assert image.width == round(3.25 * 300)


def test_figures_are_the_same_bytes_each_time(complete):
    assert drawn_of(complete) == drawn_of(complete)


def test_settings_of_the_reader_change_nothing(complete):
    plain = drawn_of(complete)
    with mpl.rc_context({"font.size": 20, "axes.grid": False, "pdf.fonttype": 3}):
        assert drawn_of(complete) == plain


def test_files_hold_no_date_and_only_embedded_truetype(complete):
    files = drawn_of(complete)
    assert b"CreationDate" not in files["levels.pdf"]
    assert b"<dc:date>" not in files["levels.svg"]
    assert b"/Type3" not in files["levels.pdf"]
