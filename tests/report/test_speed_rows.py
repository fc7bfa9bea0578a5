"""What was timed, as rows of speed.csv."""

import math

from study.analysis.analysis import Analysis
from study.report import report

PLAIN = {"value": 200.0, "low": 180.0, "high": 220.0}


def timed(value, low, high):
    return PLAIN | {"ratio": {"value": value, "low": low, "high": high}}


def test_rows_have_their_ratio_and_whether_it_is_conclusive(lab):
    arms = {
        "baseline": {"throughput": PLAIN, "memory": {"value": 9e6}},
        "Average Pooling": {"throughput": timed(1.1, 1.09, 1.11)},
        "Max Pooling": {"throughput": timed(1.1, 1.0, 1.2)},
    }
    table = Analysis(*lab(timed=arms)).speeds
    assert list(table) == [
        *("arm", "label", "metric", "value", "low", "high"),
        *("ratio", "ratio_low", "ratio_high", "conclusive"),
    ]
    rows = table.set_index(["label", "metric"])
    assert tuple(rows.loc[("Average Pooling", "throughput")][-4:]) == (1.1, 1.09, 1.11, True)
    assert tuple(rows.loc[("Max Pooling", "throughput")][-4:]) == (1.1, 1.0, 1.2, False)
    base = rows.loc[("Depth-wise Conv2d", "memory")]
    assert base["value"] == 9e6
    assert math.isnan(base["ratio"])
    assert base["conclusive"] is None


def test_a_session_of_old_has_no_ratios(lab, tmp_path):
    study_report = report.report(
        *lab(timed={key: {"throughput": PLAIN} for key in ("baseline", "Max Pooling")})
    )
    report.write(study_report, tmp_path)
    head, *rows = (tmp_path / "speed.csv").read_text().splitlines()
    assert head.endswith("low,high,ratio,ratio_low,ratio_high,conclusive")
    assert [row.partition("throughput,")[2] for row in rows] == ["200.0,180.0,220.0,,,,"] * 2


def test_without_a_session_there_is_no_file(lab, tmp_path):
    report.write(report.report(*lab()), tmp_path)
    assert not (tmp_path / "speed.csv").exists()
