"""Figures of every scene, drawn once."""

import pytest

from study.report import figures, report
from tests.report.conftest import laboratory
from tests.report.scenes import SCENES


@pytest.fixture(scope="session")
def shown(tmp_path_factory):
    """shown(scene) -> its report and figures, made once."""
    scenes = {}

    def scene(name):
        if name not in scenes:
            folder = tmp_path_factory.mktemp("scene")
            study_report = report.report(*SCENES[name](laboratory(folder)))
            drawn = figures.all_figures(study_report)
            scenes[name] = study_report, {figure.name: figure for figure in drawn}
            assert len(scenes[name][1]) == len(drawn)  # no name twice
        return scenes[name]

    return scene
