from study.report import report


def test_every_study_is_a_row_with_its_answer(complete):
    study_report = report.report(*complete)
    table = report.overview([study_report, study_report])
    (block,) = table.blocks
    assert [[cell.text for cell in row.cells] for row in block.rows] == [
        ["How should EMSA shrink?", study_report.answer, "9 of 9"]
    ] * 2


def answer(laboratory):
    return report.report(*laboratory).answer


def test_what_is_told_apart_is_named_with_its_interval(lab):
    values = {"baseline": [0.90, 0.91, 0.92], "Max Pooling": [0.80, 0.811, 0.819]}
    assert answer(lab({"model.reduction": ["DW", "Max Pooling"]}, top1=values)) == (
        "Max Pooling (−10.0 pp [−10.2, −9.8]) is worse than DW in Top-1 (3 paired seeds)."
    )


def test_what_is_not_told_apart_is_bounded(lab):
    values = {"baseline": [0.90, 0.91, 0.92], "Max Pooling": [0.92, 0.90, 0.91]}
    sentences = answer(lab({"model.reduction": ["DW", "Max Pooling"]}, top1=values))
    assert "cannot be distinguished" in sentences
    assert "the 95 % interval lies within ±" in sentences


def test_one_seed_tells_nothing(one_seed):
    assert "With one seed no difference can be separated from noise" in answer(one_seed)


def test_nothing_is_said_of_nothing(nothing):
    assert answer(nothing) == "No trial has finished yet, so there is no answer."


def test_what_diverged_is_named(diverged):
    assert "Max Pooling (1 of 3 seeds) diverged, so it has no mean." in answer(diverged)
