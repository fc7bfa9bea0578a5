"""Figures of costs over image sizes."""

from tests.report import scenes
from tests.report.figures.drawn import effects, reported, resolution


def test_lines_are_by_everything_but_the_size(lab):
    points = resolution.points(reported(scenes.resolution(lab)))
    assert set(points["model"]) == {"EMSA", "MSA"}
    assert list(points["side"].unique()) == [64, 128, 256, 512]


def test_quality_at_other_sizes_is_a_curve_over_the_size_and_no_panel_of_effects(lab):
    study_report = reported(scenes.wide(lab))
    (figure,) = resolution.resolution(study_report)
    assert figure.name == "resolution-top1"
    base = figure.data[figure.data["model"] == "baseline"]
    assert list(base["side"]) == [56, 64, 72, 96]
    assert list(base["metric"]) == ["top1@56", "top1", "top1@72", "top1@96"]
    (forest,) = effects.effects(study_report)
    assert set(forest.data["metric"]) == {"top1"}
    names = {text.get_text() for text in figure.figure.axes[0].texts}
    assert {"baseline", "Max Pooling", "size of training"} <= names
