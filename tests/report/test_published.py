"""Verdicts and claims as tables."""

import pytest

from study.analysis import published
from study.plan import comparisons
from study.report import report
from study.spec.schema import Protocol
from study.spec.study import PublishedNumber

HERE = {"data": "digits", "img_size": 64, "recipe": "smoke", "epochs": 3, "batch_size": 128}
PUBLISHED = {
    "Depth-wise Conv2d": {"top1": 90.0, "params": 10.49, "protocol": HERE},
    "Average Pooling": {"top1": 80.0, "params": 10.4, "status": "derived", "protocol": HERE},
    "Max Pooling": {"top1": 70.0, "status": "unverified", "protocol": HERE},
}
TOP1 = {"baseline": [0.90, 0.91, 0.89], "Average Pooling": [0.801, 0.811, 0.792]}


@pytest.fixture
def tables(lab):
    """The tables of a laboratory's report, by name, and what was judged."""

    def reported(**outcomes):
        study_report = report.report(*lab(**{"top1": TOP1, "published": PUBLISHED, **outcomes}))
        return study_report.tables, study_report.analysis.assessment

    return reported


def rows(table):
    """Texts by (metric, row)."""
    return {
        (block.head, row.label): [cell.text for cell in row.cells]
        for block in table.blocks
        for row in block.rows
    }


def test_every_sure_number_gets_its_verdict(tables):
    by_name, _ = tables(margins={"top1": 3.0})
    cells = rows(by_name["verdicts"])
    assert cells["Top-1 (%)", "Depth-wise Conv2d"][2:5] == ["reproduced", "", "reproduced"]
    assert cells["Top-1 (%)", "Average Pooling"][0] == "80.0*"
    assert cells["Top-1 (%)", "Average Pooling"][2:5] == ["reproduced", "reproduced", "reproduced"]
    assert ("Top-1 (%)", "Max Pooling") not in cells


def test_a_cost_that_is_not_the_printed_one_is_contradicted(tables):
    by_name, _ = tables()
    assert rows(by_name["verdicts"])["Params (M)", "Average Pooling"][2] == "contradicted"
    assert rows(by_name["verdicts"])["Params (M)", "Depth-wise Conv2d"][2] == "reproduced"


def test_unverified_numbers_are_counted_and_not_judged(tables):
    by_name, judged = tables()
    assert judged.unverified == 1
    assert "1 published number is unverified and gets no verdict." in by_name["verdicts"].notes


def test_margins_are_stated(tables):
    notes = tables(margins={"top1": 0.25})[0]["verdicts"].notes
    assert any("Top-1 ±0.25 pp" in note for note in notes)


def test_without_a_margin_accuracy_is_not_comparable(tables):
    cells = rows(tables()[0]["verdicts"])["Top-1 (%)", "Average Pooling"]
    assert cells[2:] == [
        "not comparable",
        "not comparable",
        "reproduced",
        "level: no margin is stated for top1",
    ]


@pytest.mark.heavy
def test_another_protocol_leaves_no_table_of_verdicts(tables):
    published = {"Average Pooling": {"top1": 80.0, "protocol": {**HERE, "data": "ImageNet-1k"}}}
    assert "verdicts" not in tables(published=published)[0]


def test_claims_stand_with_their_numbers(tables):
    claim = "Average Pooling is worse than Depth-wise Conv2d on top1 by 5"
    by_name, _ = tables(claims=(claim, "Max Pooling ranks last on top1"))
    assert rows(by_name["claims"])["", claim][0] == "supported"
    assert "−9.87 pp" in rows(by_name["claims"])["", claim][1]
    assert rows(by_name["claims"])["", "Max Pooling ranks last on top1"][0] == "undecided"


def test_a_study_that_claims_nothing_has_no_table_of_claims(tables):
    assert "claims" not in tables()[0]


@pytest.mark.usefixtures("unrendered")
def test_an_earlier_reports_tables_do_not_stay(lab, tmp_path):
    plan = lab(top1=TOP1, claims=("Max Pooling ranks last on top1",))
    report.write(report.report(*plan), tmp_path)
    assert (tmp_path / "claims.md").exists()
    report.write(report.report(*lab(top1=TOP1)), tmp_path)
    assert not (tmp_path / "claims.md").exists()


# ---- protocols ----


@pytest.mark.parametrize(
    ("there", "difference"),
    [
        (HERE, []),
        ({**HERE, "epochs": 300}, ["epochs: 3 here, 300 published"]),
        ({**HERE, "model": "rest_small"}, ["model: rest_lite here, rest_small published"]),
        ({"data": "digits"}, ["not stated by the source: image size, recipe, epochs, batch size"]),
    ],
)
def test_accuracy_is_compared_under_one_protocol(lab, there, difference):
    plan, _ = lab()
    printed = PublishedNumber(90.0, 1, "verified", None, Protocol(**there))
    assert published.protocol_differences(plan, plan.baseline, printed, metric="top1") == difference


def test_a_cost_needs_no_recipe_but_one_rule_of_counting(lab):
    plan, _ = lab()
    there = Protocol(data="digits", img_size=64, counting="conv+linear")
    printed = PublishedNumber(1.4, 1, "verified", None, there)
    assert published.protocol_differences(plan, plan.baseline, printed, metric="params") == []
    differences = published.protocol_differences(plan, plan.baseline, printed, metric="macs")
    assert differences == ["counting: all here, conv+linear published"]
    assert (
        published.protocol_differences(plan, plan.baseline, printed, metric="macs_conv_linear")
        == []
    )


def test_an_arm_without_a_label_of_its_own_still_has_a_name(lab):
    plan, _ = lab({"model.a": ["on", "off"], "model.b": ["on", "off"]})
    assert list(comparisons.named_arms(plan)) == [
        "baseline",
        "on",
        "off (model.b)",
        "off (model.a)",
        # As sentences print it.
        "B off",
        "A off",
    ]
