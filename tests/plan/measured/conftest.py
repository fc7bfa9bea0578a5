"""Files of results made by hand, and the study that reads them."""

import pytest

from study.api.request import StudyRequest

STUDY = """\
task: results
question: Does it help?
measured: {measured}
baseline: {{setting: {{method: ours}}}}
factors: {{setting.method: {{Ours: ours, SGD: sgd}}}}
metrics: {{{metrics}}}
{more}
"""
METRICS = "acc: {better: higher, digits: 2}"
ROWS = """\
method,seed,acc
ours,0,76.0
ours,1,75.0
ours,2,77.0
sgd,0,75.5
sgd,1,74.8
sgd,2,76.1
"""


@pytest.fixture
def planned(tmp_path):
    """The plan of a study of a file with these rows."""

    def plan(rows=ROWS, measured="runs.csv", more="", metrics=METRICS):
        (tmp_path / "runs.csv").write_text(rows)
        path = tmp_path / "study.yaml"
        path.write_text(STUDY.format(measured=measured, more=more, metrics=metrics))
        return StudyRequest(path, None, (), tmp_path / "results").plan()[0]

    return plan


def values(plan, arm):
    """The accuracies of an arm by seed."""
    return {t.seed: t.imported.metrics["acc"] for t in plan.arms[arm].trials}


def planned_levels(folder, levels, rows, base="{x: 1}"):
    (folder / "runs.csv").write_text(rows)
    path = folder / "study.yaml"
    path.write_text(
        "task: results\nquestion: Does it help?\nmeasured: runs.csv\n"
        f"baseline: {{setting: {base}}}\nfactors: {{{levels}}}\n"
        "metrics: {acc: {better: higher}}\n"
    )
    return StudyRequest(path, None, (), folder / "results").plan()[0]
