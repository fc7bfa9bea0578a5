"""Every figure: what is drawn, and that it fits."""

import itertools
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle

from study.report import figures
from study.report.figures.style_sheets import styled
from tests.report.figures.drawn import NUMBERS, kind, near
from tests.report.scenes import SCENES

EXPECTED = {
    "nothing": set(),
    "one seed": {"effects", "curves"},
    "two seeds": {"effects"},
    "emsa": {"effects", "pareto", "speed", "cost", "curves", "published"},
    "mixed": {"effects", "curves"},
    "baseline diverged": {"curves"},
    "all failed": {"curves"},
    "many": {"effects", "pareto", "speed", "cost", "curves"},
    "numbers": {"levels", "effects"},
    "factorial": {"effects", "interactions"},
    "three factors": {"effects", "interactions", "roadmap"},
    "fraction": {"factors"},
    "path": {"pareto", "roadmap"},
    "resolution": {"speed", "cost", "resolution"},
    "refused": set(),
    "weird": {"pareto", "speed", "cost", "curves", "published", "roadmap"},
    "weird factorial": {"effects", "curves", "interactions"},
    "wide": {"effects", "resolution"},
    "no seeds": set(),
}
WRITTEN = ["step", "cost"]
"""Kinds of numbers that the road map has as text."""


def test_every_figure_is_in_a_scene():
    assert set(EXPECTED) == set(SCENES)
    # Drawn from trials that ran, in tests/tune, and from detections.
    elsewhere = {"tuning", "search", "contact_sheets"}
    assert set().union(*EXPECTED.values()) == {*figures.FIGURES} - elsewhere


@pytest.mark.heavy
@pytest.mark.parametrize("name", SCENES)
def test_a_figure_is_there_where_its_data_are(shown, name):
    assert {kind(figure) for figure in shown(name)[1]} == EXPECTED[name]


@pytest.mark.parametrize("name", SCENES)
def test_figures_have_names_of_their_own_data_and_words(shown, name):
    for figure in shown(name)[1].values():
        assert not figure.data.empty
        assert figure.data["value"].notna().any()
        assert figure.alt.endswith(".")
        assert not re.search(r"\bnan\b|None|<NA>", figure.alt)
        assert "\n" not in figure.alt
        assert figure.figure.get_figwidth() in (3.3, 6.9)
        assert figure.figure.get_figheight() < 11  # a page


@pytest.mark.parametrize("name", SCENES)
def test_what_is_drawn_is_what_the_data_say(shown, name):
    for figure in shown(name)[1].values():
        drawn = marks(figure.figure)
        data = figure.data
        data = data[~data["what"].isin(WRITTEN)] if kind(figure.name) == "roadmap" else data
        for column in set(NUMBERS) & set(data):
            known = data[column].dropna().astype(float)
            missing = [v for v in known if not near(v, drawn)]
            assert not missing, f"{figure.name}: {column} {missing[:3]} is not drawn"


@pytest.mark.parametrize("name", [name for name in SCENES if name != "many"])
def test_every_mark_is_in_the_data(shown, name):
    for figure in shown(name)[1].values():
        columns = [c for c in NUMBERS if c in figure.data]
        known = np.unique(figure.data[columns].astype(float).to_numpy())
        for x, y in points_of(figure.figure):
            assert near(x, known) or near(y, known), f"{figure.name}: {x}, {y}"


def marks(figure):
    """Every number that an artist of the figure stands at or reaches to."""
    numbers = [0.0]
    for axes in figure.axes:
        for artist in axes.get_children():
            if isinstance(artist, Rectangle):
                (x, y), w, h = artist.get_xy(), artist.get_width(), artist.get_height()
                numbers += [x, y, x + w, y + h, w, h]
            elif isinstance(artist, PathCollection):
                numbers += list(np.asarray(artist.get_offsets(), float).ravel())
            elif hasattr(artist, "get_paths"):
                numbers += [v for path in artist.get_paths() for v in path.vertices.ravel()]
            elif hasattr(artist, "get_xydata"):
                numbers += list(np.asarray(artist.get_xydata(), float).ravel())
    return np.unique(np.array(numbers, float))


def points_of(figure):
    """Where markers stand."""
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_marker() not in ("None", None, "", "_", "|"):
                yield from np.asarray(line.get_xydata(), float)
        for collection in axes.collections:
            if isinstance(collection, PathCollection):
                yield from np.asarray(collection.get_offsets(), float)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "name", ["emsa", "mixed", "numbers", "three factors", "resolution", "weird"]
)
def test_nothing_leaves_the_page_and_no_labels_overlap(shown, name):
    for figure in shown(name)[1].values():
        with styled():
            figure.figure.draw_without_rendering()
        page = figure.figure.bbox
        for axes in figure.figure.axes:
            if not axes.get_visible():
                continue
            texts = [t for t in [*axes.texts, axes.xaxis.label, axes.yaxis.label] if t.get_text()]
            for text in texts:
                box = text.get_window_extent()
                assert box.x0 > -1, (figure.name, text.get_text())
                assert box.x1 < page.x1 + 1, (figure.name, text.get_text())
            for axis in (axes.xaxis, axes.yaxis):
                boxes = [text.get_window_extent() for text in tick_labels(axis)]
                for a, b in itertools.pairwise(boxes):
                    assert not (a.shrunk(0.95, 0.95).overlaps(b)), figure.name
                assert all(box.x0 > -1 and box.y0 > -1 for box in boxes), figure.name


def tick_labels(axis):
    """Those that are shown."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [t.label1 for t in ticks if t.label1.get_visible() and t.label1.get_text()]


@pytest.mark.parametrize("name", ["weird", "weird factorial"])
def test_labels_are_text_and_never_mathematics(shown, name):
    for figure in shown(name)[1].values():
        for text in figure.figure.findobj(mpl.text.Text):
            own = "mathdefault" not in text.get_text()  # of ticks that are not shown
            if own and text.get_visible() and set("$_\\") & set(text.get_text()):
                assert not text.get_parse_math(), (figure.name, text.get_text())
