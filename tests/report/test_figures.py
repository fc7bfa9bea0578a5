"""The figures: what is drawn, that it fits, that it is the same bytes in every process."""

import hashlib
import importlib
import io
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.patches import Rectangle
from PIL import Image

from study import stats
from study.analysis.factorial import factorial_effects
from study.report import figures, report
from study.report.figures import level_marks, text_fit
from study.report.figures.figure import styled
from tests.conftest import ROOT
from tests.report import scenes
from tests.report.conftest import laboratory
from tests.report.scenes import SCENES

NAMES = (
    "curves",
    "effects",
    "interactions",
    "levels",
    "pareto",
    "published",
    "resolution",
    "cumulative",
)
curves, effects, interactions, levels, pareto, published, resolution, cumulative = (
    importlib.import_module(f"study.report.figures.{name}") for name in NAMES
)
NUMBERS = ("value", "low", "high", "cost", "cost_low", "cost_high", "side", "epoch")


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """shown(scene) -> its report and figures, made once."""
    made = {}

    def scene(name):
        if name not in made:
            folder = tmp_path_factory.mktemp("scene")
            told = report.report(*SCENES[name](laboratory(folder)))
            drawn = figures.all_figures(told)
            made[name] = told, {one.name: one for one in drawn}
            assert len(made[name][1]) == len(drawn)  # no name twice
        return made[name]

    return scene


def told(made):
    return report.report(*made)


# ---- every figure ----

EXPECTED = {
    "nothing": {"levels"},
    "one seed": {"levels", "effects", "curves"},
    "two seeds": {"levels", "effects"},
    "emsa": {"levels", "effects", "pareto", "speed", "cost", "curves", "published"},
    "mixed": {"levels", "effects", "cost", "curves"},
    "baseline diverged": {"levels", "curves"},
    "all failed": {"levels", "curves"},
    "many": {"levels", "effects", "pareto", "speed", "cost", "curves"},
    "factorial": {"levels", "effects", "interactions"},
    "three factors": {"levels", "effects", "interactions", "roadmap"},
    "path": {"levels", "effects", "pareto", "roadmap"},
    "resolution": {"levels", "speed", "cost", "resolution"},
    "refused": {"levels"},
    "weird": {"levels", "effects", "pareto", "speed", "cost", "curves", "published", "roadmap"},
    "weird factorial": {"levels", "effects", "curves", "interactions"},
    "wide": {"levels", "effects"},
    "no seeds": {"levels"},
}


def kind(name):
    return "levels" if re.search(r"-levels(-\d+)?$", name) else name.partition("-")[0]


def test_every_figure_is_in_a_scene():
    assert set(EXPECTED) == set(SCENES)
    assert set().union(*EXPECTED.values()) == set(figures.FIGURES)


@pytest.mark.parametrize("name", SCENES)
def test_a_figure_is_there_where_its_data_are(shown, name):
    assert {kind(one) for one in shown(name)[1]} == EXPECTED[name]


@pytest.mark.parametrize("name", SCENES)
def test_figures_have_names_of_their_own_data_and_words(shown, name):
    for one in shown(name)[1].values():
        assert not one.data.empty
        assert one.data["value"].notna().any()
        assert one.alt.endswith(".")
        assert not re.search(r"\bnan\b|None|<NA>", one.alt)
        assert "\n" not in one.alt
        assert one.figure.get_figwidth() in (3.25, 6.75)
        assert one.figure.get_figheight() < 11  # a page


@pytest.mark.parametrize("name", SCENES)
def test_what_is_drawn_is_what_the_data_say(shown, name):
    for one in shown(name)[1].values():
        drawn, texts = marks(one.figure), kind(one.name) == "interactions"  # intervals are text
        for column in {"value"} if texts else set(NUMBERS) & set(one.data):
            known = one.data[column].dropna().astype(float)
            missing = [v for v in known if not near(v, drawn)]
            assert not missing, f"{one.name}: {column} {missing[:3]} is not drawn"


@pytest.mark.parametrize("name", [name for name in SCENES if name != "many"])
def test_every_mark_is_in_the_data(shown, name):
    for one in shown(name)[1].values():
        columns = [c for c in NUMBERS if c in one.data]
        known = np.unique(one.data[columns].astype(float).to_numpy())
        for x, y in points_of(one.figure):
            assert near(x, known) or near(y, known), f"{one.name}: {x}, {y}"


def near(value, known):
    return bool(np.isclose(known, value, rtol=1e-9, atol=1e-12).any())


def marks(figure):
    """Every number that an artist of the figure stands at, reaches to or is coloured by."""
    found = [0.0]
    for axes in figure.axes:
        for artist in axes.get_children():
            if isinstance(artist, Rectangle):
                (x, y), w, h = artist.get_xy(), artist.get_width(), artist.get_height()
                found += [x, y, x + w, y + h, w, h]
            elif isinstance(artist, QuadMesh):
                found += list(np.ma.filled(artist.get_array(), np.nan).ravel())
            elif isinstance(artist, PathCollection):
                found += list(np.asarray(artist.get_offsets(), float).ravel())
            elif hasattr(artist, "get_paths"):
                found += [v for path in artist.get_paths() for v in path.vertices.ravel()]
            elif hasattr(artist, "get_xydata"):
                found += list(np.asarray(artist.get_xydata(), float).ravel())
    return np.unique(np.array(found, float))


def points_of(figure):
    """Where markers stand."""
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_marker() not in ("None", None, "", "_", "|"):
                yield from np.asarray(line.get_xydata(), float)
        for collection in axes.collections:
            if isinstance(collection, PathCollection):
                yield from np.asarray(collection.get_offsets(), float)


@pytest.mark.parametrize("name", ["emsa", "mixed", "three factors", "resolution", "weird"])
def test_nothing_leaves_the_page_and_no_labels_overlap(shown, name):
    for one in shown(name)[1].values():
        with styled():
            one.figure.draw_without_rendering()
        page = one.figure.bbox
        for axes in one.figure.axes:
            if not axes.get_visible():
                continue
            texts = [t for t in [*axes.texts, axes.xaxis.label, axes.yaxis.label] if t.get_text()]
            for text in texts:
                box = text.get_window_extent()
                assert box.x0 > -1, (one.name, text.get_text())
                assert box.x1 < page.x1 + 1, (one.name, text.get_text())
            for axis in (axes.xaxis, axes.yaxis):
                boxes = [text.get_window_extent() for text in tick_labels(axis)]
                for a, b in itertools.pairwise(boxes):
                    assert not (a.shrunk(0.95, 0.95).overlaps(b)), one.name
                assert all(box.x0 > -1 and box.y0 > -1 for box in boxes), one.name


def tick_labels(axis):
    """Those that are shown."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [t.label1 for t in ticks if t.label1.get_visible() and t.label1.get_text()]


@pytest.mark.parametrize("name", ["weird", "weird factorial"])
def test_labels_are_text_and_never_mathematics(shown, name):
    for one in shown(name)[1].values():
        for text in one.figure.findobj(mpl.text.Text):
            own = "mathdefault" not in text.get_text()  # of ticks that are not shown
            if own and text.get_visible() and set("$_\\") & set(text.get_text()):
                assert not text.get_parse_math(), (one.name, text.get_text())


# ---- files ----


def test_files_are_named_by_the_figure(shown):
    one = shown("emsa")[1]["effects"]
    assert set(figures.files(one)) == {f"effects.{end}" for end in ("pdf", "svg", "png", "csv")}


def test_figures_are_as_wide_as_a_column_or_a_page(shown):
    for name, wide in (("effects", 3.25), ("cost", 6.75)):
        content = figures.files(shown("emsa")[1][name])[f"{name}.png"]
        assert Image.open(io.BytesIO(content)).width == round(wide * 300)


def digests(names):
    """Of the files of the first figure of every kind."""
    found = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            drawn = figures.all_figures(told(SCENES[name](laboratory(Path(folder)))))
        for one in drawn:
            if kind(one.name) not in found:
                found[kind(one.name)] = {
                    file: hashlib.sha256(content).hexdigest()
                    for file, content in figures.files(one).items()
                }
    return found


REPEATED = ["emsa", "path", "factorial", "resolution"]  # every kind


@pytest.mark.slow
def test_figures_are_the_same_bytes_in_another_process_whatever_its_settings():
    code = (
        "import json, matplotlib as mpl; mpl.rcParams.update({'font.size': 20, 'axes.grid': False, "
        "'pdf.fonttype': 3, 'svg.hashsalt': 'x'}); from tests.report import test_figures as t; "
        f"print(json.dumps(t.digests({REPEATED})))"
    )
    path = os.pathsep.join([str(ROOT), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7"},
    )
    assert json.loads(done.stdout) == digests(REPEATED)


def test_files_hold_no_date_and_only_embedded_truetype(shown):
    files = figures.files(shown("emsa")[1]["effects"])
    assert b"CreationDate" not in files["effects.pdf"]
    assert b"<dc:date>" not in files["effects.svg"]
    assert b"/Type3" not in files["effects.pdf"]


def test_figures_stand_in_one_page_with_ids_of_their_own(shown):
    elements = [figures.svg(one) for one in shown("weird")[1].values()]
    roots = [ElementTree.fromstring(text) for text in elements]
    ids = [e.get("id") for root in roots for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for text, root in zip(elements, roots, strict=True):
        own = {e.get("id") for e in root.iter()}
        assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)) <= {
            pair for i in own for pair in ((i, ""), ("", i))
        }
        assert root.get("role") == "img"
    labels = [root.get("aria-label") for root in roots]
    assert labels == [one.alt for one in shown("weird")[1].values()]


def test_a_report_writes_its_figures(shown, tmp_path):
    made, drawn = shown("path")
    paths = report.write(made, tmp_path)
    names = {path.name for path in paths if path.parent.name == "figures"}
    assert names == {f"{one}.{end}" for one in drawn for end in ("pdf", "svg", "png", "csv")}
    assert (tmp_path / "figures" / "model.position-levels.pdf").exists()


# ---- levels ----


def test_points_stand_in_the_order_of_the_file_in_paper_units(complete):
    found = level_marks.points(told(complete), 0)
    assert list(found["level"].unique()) == ["Depth-wise Conv2d", "Average Pooling", "Max Pooling"]
    assert found.loc[found["what"] == "cost", "value"].tolist() == pytest.approx([1.4, 1.4, 1.39])
    assert found.loc[found["what"] == "seed", "value"].tolist()[:2] == pytest.approx([91.39, 91.97])


def test_what_diverged_or_is_missing_is_named(lab):
    made = told(lab(top1={"baseline": [0.9, 0.8, 0.7], "Max Pooling": [0.9, float("nan"), 1]}))
    found = level_marks.points(made, 0)
    named = found[~found["what"].isin(["seed", "mean", "cost"])].set_index("level")["what"]
    assert dict(named) == {"Average Pooling": "missing", "Max Pooling": "1 of 3 diverged"}


@pytest.mark.parametrize(("macs", "scale"), [(2e9, "linear"), (20e9, "log")])
def test_a_wide_spread_of_cost_is_drawn_on_a_logarithmic_axis(lab, macs, scale):
    (one,) = figures.all_figures(told(lab(cost={"Max Pooling": {"params": 1, "macs": macs}})))
    assert one.figure.axes[-1].get_yscale() == scale
    if scale == "linear":
        assert one.figure.axes[-1].get_ylim()[0] == 0  # bars stand on zero


RATIOS = ["8-4-2-1", "4-2-1-1", "1-1-1-1 (MSA)", "16-8-4-2", "8-8-8-8", "2-2-2-1", "4-4", "2-2"]
LONG = [f"{ratio}, a name of $many$ words that says & explains_all" for ratio in RATIOS]


@pytest.mark.parametrize("labels", [RATIOS[:2], RATIOS[:4], RATIOS, LONG[:2], LONG[:4], LONG])
def test_labels_neither_overlap_nor_leave_the_page(lab, labels):
    (one,) = figures.all_figures(told(lab({"model.ratios": labels})))
    with styled():
        one.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in one.figure.axes[-1].get_xticklabels()]
    assert all(a.x1 <= b.x0 + 0.5 for a, b in itertools.pairwise(boxes))
    assert min(box.y0 for box in boxes) >= 0


# ---- effects ----


def test_effects_are_those_of_the_statistics(lab):
    made = told(scenes.emsa(lab))
    drawn = effects.points(made)
    means = drawn[drawn["what"] == "mean"].set_index("arm")
    known = stats.effects(made.measured, made.plan.baseline.digest).set_index("arm")
    for column, other in (("value", "mean"), ("low", "low"), ("high", "high")):
        np.testing.assert_allclose(means[column], 100 * known.loc[means.index, other])
    band = drawn[drawn["what"] == "noise floor"].iloc[0]
    assert (band["low"], band["high"]) == pytest.approx(
        tuple(100 * end for end in report.noise_range(made.measured, "top1"))
    )


def test_what_became_of_trials_is_said_beside_the_row(shown):
    texts = [t.get_text() for t in shown("mixed")[1]["effects"].figure.axes[0].texts]
    assert texts[:3] == ["1 of 3 diverged", "failed", "missing"]
    assert texts[3].endswith("\n1 of 3 failed")


def test_a_hundred_arms_are_all_there_on_pages_of_one_scale(shown):
    drawn = [one for name, one in shown("many")[1].items() if kind(name) == "effects"]
    arms = [arm for one in drawn for arm in one.data["arm"].dropna().unique()]
    assert len(drawn) > 2
    assert len(arms) == len(set(arms)) == 100
    assert len({one.figure.axes[0].get_xlim() for one in drawn}) == 1


# ---- pareto ----


def test_the_front_is_what_nobody_is_beyond(shown):
    data = shown("emsa")[1]["pareto-macs"].data
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
    made = told(lab(top1=top1, cost=cost))
    found = pareto.points(made, "top1", "macs").set_index("label")["what"]
    assert dict(found) == {
        "Depth-wise Conv2d": pareto.FRONT,
        "Average Pooling": pareto.TIED,
        "Max Pooling": pareto.BEHIND,
    }


def test_one_seed_puts_nobody_behind(lab):
    top1 = {"baseline": [0.9], "Average Pooling": [0.1]}
    made = told(lab(top1=top1, seeds=1, cost={"Average Pooling": {"macs": 9e9}}))
    assert list(pareto.points(made, "top1", "macs")["what"]) == [pareto.FRONT, pareto.TIED]


def test_more_is_better_turns_the_front(lab):
    rates = {"baseline": 100, "Average Pooling": 200}
    timed = {a: {"throughput": {"value": v, "low": v, "high": v}} for a, v in rates.items()}
    top1 = {"baseline": [0.8, 0.81, 0.82], "Average Pooling": [0.9, 0.91, 0.92]}
    found = pareto.points(told(lab(top1=top1, timed=timed)), "top1", "throughput")
    assert list(found["what"]) == [pareto.TIED, pareto.FRONT] or found["what"][1] == "front"


# ---- curves ----


def test_a_mean_ends_where_the_first_of_its_seeds_does(lab):
    made = told(scenes.learnt(lab(top1={"baseline": [0.9, 0.9, "failed"]})))
    found = curves.points(made)
    own = found[found["metric"] == "top1"]
    assert own.loc[own["what"] == "mean", "epoch"].max() == 6
    assert set(own.loc[own["what"] == "seed", "seed"]) == {0, 1}


def test_a_diverged_arm_is_drawn_seed_by_seed(shown):
    data = shown("mixed")[1]["curves"].data
    own = data[(data["label"] == "Diverges at once") & (data["metric"] == "top1")]
    assert set(own["what"]) == {"seed", "diverged"}
    assert own.loc[own["what"] == "diverged", "epoch"].tolist() == [5]


def test_a_panel_tells_eight_arms_apart_at_most(shown):
    for name, one in shown("many")[1].items():
        if kind(name) == "curves":
            for axes in one.figure.axes:
                dashes = [
                    (line.get_color(), str(line._unscaled_dash_pattern))
                    for line in axes.lines
                    if len(line.get_xdata())
                ]
                assert len(dashes) == len(set(dashes)) <= 8


@pytest.mark.parametrize(
    ("heights", "apart"), [([0.5] * 5, 0.1), ([0.0, 0.01, 0.99, 1.0], 0.1), ([], 0.1), ([0.3], 0.1)]
)
def test_labels_are_spread_as_little_as_it_takes(heights, apart):
    found = curves.separated(heights, apart)
    assert all(b - a >= apart - 0.01 for a, b in itertools.pairwise(found))
    assert np.allclose(np.mean(found or [0]), np.mean(heights or [0]), atol=0.06)


# ---- resolution ----


def test_an_exponent_is_told_only_of_a_power_law():
    power = [(side, 3.0 * side**4) for side in (64, 128, 256)]
    total = [(side, 1e6 * side**2 + 3.0 * side**4) for side in (64, 256, 1024)]
    assert resolution.exponent(power) == pytest.approx(4)
    assert np.isnan(resolution.exponent(total))
    assert np.isnan(resolution.exponent(power[:2]))


def test_lines_are_by_everything_but_the_size(lab):
    found = resolution.points(told(scenes.resolution(lab)))
    assert set(found["model"]) == {"EMSA", "MSA"}
    assert list(found["side"].unique()) == [64, 128, 256, 512]


# ---- published ----


def test_only_what_is_comparable_stands_beside_what_was_printed(lab):
    found = published.points(told(scenes.emsa(lab)))
    rows = found[found["what"] == "measured"].set_index(["row", "metric"])
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
    made = lab(
        top1={"baseline": [0.9] * 3, "Max Pooling": [0.9, float("nan"), 0.9]},
        published={"Depth-wise Conv2d": stated, "Max Pooling": stated},
        cost={"baseline": {"params": 0, "macs": 1e9}},
    )
    found = published.points(told(made)).set_index(["row", "what"])["verdict"]
    assert found["Depth-wise Conv2d", "measured"] == "no margin stated"
    assert found["Max Pooling", "measured"] == "contradicted: diverged"


def test_a_printed_cost_of_nothing_has_no_relative_difference(lab):
    none = {"macs_matmul": 0.0, "protocol": {"data": "digits", "img_size": 64}}
    cost = {"baseline": {"macs_matmul": 0, "macs": 1e9}}
    columns = ("macs", "macs_matmul", "top1")
    made = told(lab(published={"Depth-wise Conv2d": none}, cost=cost, columns=columns))
    assert published.points(made).empty


def test_the_verdict_of_a_row_stands_at_its_right(shown):
    one = shown("emsa")[1]["published-params"]
    assert [t.get_text() for t in one.figure.axes[0].texts] == ["reproduced", "contradicted"]


# ---- interactions, roadmap ----


def test_a_map_has_what_the_factorial_has(lab):
    made = told(scenes.factorial(lab))
    known = factorial_effects(made.plan, made.measured)
    found = {row.term: row for row in known}
    data = interactions.points(made.plan, known, "top1", (0, 1)).set_index(["down", "across"])
    assert data.loc[("w/o IN", "w/o"), "value"] == pytest.approx(100 * found[(0, 1), (1, 1)].mean)
    assert data.loc[("IN", "w/o"), "low"] == pytest.approx(100 * found[((1, 1),)].low)
    assert len(data) == 5


def test_a_step_is_paired_with_the_row_above(shown):
    made, drawn = shown("path")
    data = drawn["roadmap"].data
    steps = data[data["what"] == cumulative.STEP].set_index("arm")
    for before, arm in itertools.pairwise(made.plan.arms):
        known = stats.effects(made.measured, before.digest).set_index("arm").loc[arm.digest]
        found = steps.loc[arm.digest, ["value", "low", "high"]].astype(float)
        np.testing.assert_allclose(found, 100 * known[["mean", "low", "high"]].astype(float))
    assert list(data.loc[data["what"] == "level", "step"]) == [
        "baseline",
        "+ PA",
        "+ Overlapping",
        "Overlapping → ResT",
        "+ Conv-1x1",
    ]


def test_a_step_that_was_taken_elsewhere_shows_its_range(lab):
    drawn = {one.name: one for one in figures.all_figures(told(scenes.three_factors(lab)))}
    data = drawn["roadmap"].data
    assert (data["what"] == cumulative.ELSEWHERE).any()


# ---- cost ----


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


# ---- words ----


@pytest.mark.parametrize("text", ["", "a", "Average Pooling", "x" * 300, "a b " * 90, *LONG])
@pytest.mark.parametrize("room", [12, 40, 90])
def test_a_wrapped_label_fits(text, room):
    with styled():
        for line in text_fit.wrapped(text, room).split("\n"):
            assert text_fit.width(line, 7.5) <= max(room, text_fit.width("x…", 7.5))


def test_labels_that_begin_alike_stay_unlike():
    with styled():
        one, other = (text_fit.wrapped(f"{'the same beginning ' * 9}+ {end}", 90) for end in "ab")
    assert one != other
