"""What a study may ask for beyond trained arms: other sizes, no training, parts of one's own."""

import json

import pytest

from tests.conftest import ROOT

COLUMNS = "columns: [params, macs, top1]"
INLINE = ("--on", "inline", "--no-speed")


def changed(file, *changes):
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


# ---- other sizes ----


@pytest.fixture
def sized(tiny):
    changed(tiny, (COLUMNS, "columns: [top1, top1@64, top1@96]"), ("seeds: 2", "seeds: 1"))
    return tiny


@pytest.mark.heavy
def test_trained_weights_are_evaluated_at_the_sizes_of_the_columns(inside, sized):
    first = inside("run", sized, *INLINE)
    assert first.returncode == 0, first.stderr
    assert "evaluating at 64, 96 px ..." in first.stderr
    assert "Top-1 at 96" in first.stdout.replace("\n", " ")
    rows = json.loads(inside("results", sized, "--json").stdout)
    values = {(row["label"], row["metric"]): row["value"] for row in rows}
    assert values["DW", "top1@64"] == values["DW", "top1"]
    assert 0 <= values["Avg", "top1@96"] <= 1
    assert "evaluating" not in inside("run", sized, *INLINE).stderr


@pytest.mark.heavy
def test_weights_that_are_gone_are_told_and_may_come_back(inside, sized):
    assert inside("run", sized, "--set", "columns=[top1]", *INLINE).returncode == 0
    weights = list((sized.parent / "results" / "trials").glob("*/last.pth.tar"))
    weights[0].rename(sized.parent / "away")
    without = inside("run", sized, *INLINE)
    assert without.returncode == 3
    assert "weights or images are gone or do not fit the size:" in without.stderr
    assert "2 trials or evaluations without a result" in without.stderr
    (sized.parent / "away").rename(weights[0])
    assert "without" not in inside("run", sized, *INLINE).stderr


@pytest.mark.heavy
def test_an_evaluation_goes_where_its_trial_goes(inside, sized):
    assert inside("run", sized, *INLINE).returncode == 0
    for trial in (sized.parent / "results" / "trials").iterdir():
        trial.rename(sized.parent / trial.name)
    assert "top1@96" not in inside("results", sized).stdout


def test_a_trial_that_diverged_has_no_metric_at_any_size(inside, sized):
    changed(sized, ("batch_size: 32", "batch_size: 32, lr: 1e30"))
    assert inside("run", sized, *INLINE).returncode == 0
    rows = json.loads(inside("results", sized, "--json").stdout)
    values = [row["value"] for row in rows if row["metric"] in ("top1", "top1@96")]
    assert values == [None] * 4


@pytest.mark.heavy
def test_a_size_that_a_model_cannot_take_is_told(inside, sized):
    changed(sized, ("top1@96", "top1@8"))
    done = inside("run", sized, *INLINE)
    assert done.returncode == 0, done.stderr
    assert "takes no images of 8 px" in done.stdout.replace("\n", " ")


# ---- no training ----


def test_a_study_without_seeds_measures_costs_and_prints_what_was_published(inside, tiny):
    changed(tiny, ("seeds: 2", "seeds: 0"))
    tiny.write_text(tiny.read_text() + "published: {Avg: {top1: 72.64}}\n")
    done = inside("run", tiny, *INLINE)
    assert done.returncode == 0, done.stderr
    assert "72.64" in done.stdout
    assert "no seeds: nothing is trained" in done.stdout.replace("\n", " ")
    assert not (tiny.parent / "results" / "trials").exists()


# ---- claims ----


def test_a_contradicted_claim_is_status_1(inside, tiny):
    tiny.write_text(tiny.read_text() + "claims: [Avg has more params than DW]\n")
    done = inside("claims", tiny)
    assert (done.returncode, "contradicted" in done.stdout) == (1, True)
    document = json.loads(inside("claims", tiny, "--json").stdout)
    assert document[0]["state"] == "contradicted"


@pytest.mark.heavy
def test_claims_are_status_0_once_all_is_measured_and_none_contradicted(inside, tiny):
    claims = "claims: [Avg has less params than DW, Avg is better than DW on top1]\n"
    tiny.write_text(tiny.read_text() + claims)
    done = inside("claims", tiny)
    assert done.returncode == 3
    assert "top1 of Avg is not measured" in done.stdout
    assert inside("run", tiny, *INLINE).returncode == 0
    assert inside("claims", tiny).returncode == 0


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("Average is better than DW on top1", 'unknown arm "Average"'),
        ("Avg is better than DW on top2", 'unknown metric "top2"'),
        ("Avg rocks", "not a claim"),
        ("DW is better than baseline on top1", "DW and baseline are the same arm"),
    ],
)
def test_a_claim_that_makes_no_sense_is_told_at_its_place(inside, tiny, claim, message):
    tiny.write_text(f"{tiny.read_text()}claims:\n  - {claim}\n")
    done = inside("plan", tiny)
    assert done.returncode == 2
    assert message in done.stderr
    assert f"tiny.yaml:{len(tiny.read_text().splitlines())}:5" in done.stderr


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        ("throughput", "add it to columns"),
        ("top1@96", "add it to columns"),
        ("top1", "seeds is 0"),
    ],
)
def test_a_claim_that_nothing_will_ever_measure_is_told(inside, tiny, claim, why):
    changed(tiny, ("seeds: 2", "seeds: 0")) if claim == "top1" else None
    tiny.write_text(f"{tiny.read_text()}claims: [Avg is better than DW on {claim}]\n")
    done = inside("plan", tiny)
    assert done.returncode == 2
    assert f"nothing measures {claim}: {why}" in done.stderr


@pytest.mark.parametrize(
    ("contrasts", "message"),
    [
        ("[Average]", 'unknown arm "Average"'),
        ("[[Avg, Dw]]", 'unknown arm "Dw"; did you mean "DW"? (known: Avg, DW, baseline)'),
        ("[DW]", "DW and baseline are the same arm"),
        ("[Avg, [DW, Avg]]", "DW and Avg are tested twice"),
        ("[[Avg]]", "contrasts: list should have at least 2 items"),
    ],
)
def test_a_contrast_that_makes_no_sense_is_told_at_its_place(inside, tiny, contrasts, message):
    tiny.write_text(f"{tiny.read_text()}contrasts: {contrasts}\n")
    done = inside("plan", tiny)
    assert done.returncode == 2
    assert message in done.stderr
    assert f"tiny.yaml:{len(tiny.read_text().splitlines())}:" in done.stderr


def test_contrasts_need_something_to_differ_in(inside, tiny):
    changed(tiny, (COLUMNS, "columns: [params]"))
    tiny.write_text(f"{tiny.read_text()}contrasts: [Avg]\n")
    assert "contrasts need a quality among the columns" in inside("plan", tiny).stderr


@pytest.mark.heavy
def test_contrasts_and_the_noise_floor_are_in_the_report(inside, tiny):
    tiny.write_text(f"{tiny.read_text()}contrasts: [Avg]\naa: true\n")
    done = inside("run", tiny, *INLINE)
    assert done.returncode == 0, done.stderr
    assert "DW/s1000001" in done.stderr
    assert "Avg − baseline, Top-1" in done.stdout.replace("\n", " ")
    assert "1000001" not in inside("results", tiny).stdout
    folder = tiny.parent / "reports" / "tiny"
    assert "oise floor of Top-1" in (folder / "supplement.md").read_text()
    assert {"contrasts.md", "effects.csv", "images.csv"} <= {f.name for f in folder.iterdir()}
    assert "nothing to train" in inside("run", tiny, *INLINE).stderr


def test_two_numbers_printed_of_one_arm_are_told(inside, tiny):
    published = "published: {baseline: {top1: 72.88}, DW: {top1: 72.9}}\n"
    tiny.write_text(tiny.read_text() + published)
    assert "DW has another top1 under another name: 72.88" in inside("plan", tiny).stderr


# ---- parts of one's own ----


@pytest.mark.slow
def test_an_edited_part_is_a_new_trial_and_its_old_results_are_stale(study, tiny):
    own = tiny.parent / "own.py"
    own.write_text((ROOT / "examples" / "my_blocks.py").read_text("utf-8"))
    changed(tiny, ("Avg: average", "Blur: blur"), ("seeds: 2", "seeds: 1"))
    first = study("run", tiny, "--import", own, "--no-speed", "--workers", 1)
    assert first.returncode == 0, first.stderr
    assert "stale" not in first.stdout
    own.write_text(own.read_text() + "# edited\n")
    again = study("status", tiny, "--import", own)
    assert "Blur: 1 stored result is stale, computed by other code than today's" in again.stderr
    states = [line.split() for line in again.stdout.splitlines()]
    assert {words[0]: words[3] for words in states if words[:1] in (["DW"], ["Blur"])} == {
        "DW": "completed",
        "Blur": "pending",
    }
