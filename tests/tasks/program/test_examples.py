"""The studies of programs among the examples run to a table."""

import pytest

from tests.conftest import ROOT

EXAMPLES = {
    "pi": (),
    "torch_digits": (),
    "lightning_digits": ("lightning", "tensorboard"),
    "trainer_tokens": ("transformers", "accelerate"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_to_a_table(inside, name):
    for package in EXAMPLES[name]:
        pytest.importorskip(package)
    file = ROOT / "examples" / "programs" / f"{name}.yaml"
    done = inside("run", file, "--on", "inline", "--set", "seeds=2", "--no-speed")
    assert done.returncode == 0, done.stderr
    assert f"{name}: " in done.stdout


def test_every_example_is_run():
    files = (ROOT / "examples" / "programs").glob("*.yaml")
    assert {path.stem for path in files} == EXAMPLES.keys()
