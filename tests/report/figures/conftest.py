"""Figures of every scene, drawn once."""

import pytest

from study.report import figures, report
from tests.report.conftest import laboratory
from tests.report.scenes import SCENES


@pytest.fixture(scope="session")
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
