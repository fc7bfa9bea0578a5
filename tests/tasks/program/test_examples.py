"""The studies of programs among the examples run to a table."""

import re

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
    # A study with other settings than those of its file has a name of its own.
    assert re.search(rf"(?m)^{name}-[0-9a-f]{{4}}: .* of .*; mean ± sd of 2 seeds", done.stdout)


def test_every_example_is_run():
    files = (ROOT / "examples" / "programs").glob("*.yaml")
    assert {path.stem for path in files} == EXAMPLES.keys()
