"""Names of trials of a study file."""

from study.tasks.classification.config import Config
from study.tasks.classification.plan.identity import digest, resolved
from study.tasks.classification.schema import Data, Recipe
from tests.spec.study_files import GOOD, card, load, name_of


def test_a_default_written_out_is_the_same_trial(tmp_path):
    plain, _ = load(tmp_path, GOOD)
    spelt, _ = load(tmp_path, GOOD.replace("epochs: 2", "epochs: 2, momentum: 0.9"))
    assert name_of(plain) == name_of(spelt)


def test_where_a_known_set_lies_is_not_what_is_computed(tmp_path):
    here, _ = load(tmp_path, GOOD, settings=["data={name: torch/cifar10, root: /a}"])
    other = "data={name: torch/cifar10, root: /b, download: true}"
    there, _ = load(tmp_path, GOOD, settings=[other])
    assert name_of(here) == name_of(there)


def test_a_folder_is_named_by_its_place_as_the_file_says_it(tmp_path):
    text = GOOD.replace("data: digits", "data: {name: folder, root: $HERE}")
    here, _ = load(tmp_path, text, environment={"HERE": "/a"})
    moved, _ = load(tmp_path, text, environment={"HERE": "/b"})
    other, _ = load(tmp_path, text.replace("$HERE", "/c"))
    assert name_of(here) == name_of(moved) != name_of(other)


def test_a_number_may_come_from_the_environment(tmp_path):
    study, wrong = load(tmp_path, GOOD.replace("seeds: 2", "seeds: $N"), environment={"N": "3"})
    assert not wrong
    assert study.seeds == (0, 1, 2)


def test_the_order_of_factors_changes_nothing(tmp_path):
    whole = "  model: {big: {}, small: test_rest}\n"
    text = GOOD.replace("  model: {whole: {}, bare: {attn_norm: false, head_mix: false}}\n", "")
    studies = [
        load(tmp_path, text.replace("factors:\n", f"design: factorial\nfactors:\n{whole}"))[0],
        load(tmp_path, text.replace("\nseeds:", f"\n{whole}design: factorial\nseeds:"))[0],
    ]
    assert name_of(studies[0], (1, 1, 0)) == name_of(studies[1], (1, 0, 1))


def test_what_is_computed_is(tmp_path):
    study, _ = load(tmp_path, GOOD)
    other, _ = load(tmp_path, GOOD, settings=["data.img_size=96"])
    names = [name_of(study), name_of(study, (1, 0, 0)), name_of(study, (0, 1, 0)), name_of(other)]
    assert len(set(names)) == 4


def test_names_do_not_move():
    """Stored results are found by these; raise identity.IDENTITY when one has to change."""
    config = Config("rest_lite", {}, Data(name="digits", img_size=64), Recipe(epochs=2, lr=1e-3))
    full = resolved(config, card({"reduction": "average", "attn_norm": True}))
    assert digest(full, {"reduction": "depthwise", "attn_norm": True}) == "a0472ddc45"
