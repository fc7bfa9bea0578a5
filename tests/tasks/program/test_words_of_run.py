"""Mistakes in words and arguments: each is told once, at its place, in words of a study file."""

import pytest

from tests.tasks.program.conftest import FILE

PLAIN = "input should be a text, a number, true or false"
RUN = 'run: [python, train.py, --rate, "{rate}", --seed, "{seed}"]'
MISTAKES = {
    "null": ("args: {rate: 0.5}", "args: {rate: null}", "6:16", "a word, or [] for none"),
    "mapping": ("args: {rate: 0.5}", "args: {rate: {a: 1}}", "6:16", f"args.rate: {PLAIN}"),
    "list": ("args: {rate: 0.5}", "args: {rate: [1, [2]]}", "6:20", f"args.rate: {PLAIN}, not [2]"),
    "brackets": ('"{rate}"', "{rate}", "4:35", 'write "{rate}", with quotes'),
    "command": (RUN, 'run: ["python train.py {seed}"]', "4:9", "is one word of the command"),
    "script": (RUN, 'run: [python, "train.py {seed}"]', "4:17", "[train.py, {seed}]"),
    "level": ("fifth: 0.2", "fifth: {a: 1}", "8:33", f"args.rate: {PLAIN}"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_word_is_one_error_at_its_place(inside, program, mistake):
    right, wrong, place, message = mistake
    assert right in FILE
    program.write_text(FILE.replace(right, wrong))
    done = inside("plan", program)
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert f"rates.yaml:{place}" in done.stderr
    assert done.stderr.count("error: ") == 1, done.stderr


def test_a_fraction_for_a_whole_number_is_no_matter_of_quotes(inside, program):
    for wrong in ("2.5", "'2.5'"):
        program.write_text(FILE.replace("seeds: 3", f"seeds: {wrong}"))
        assert "without quotes" not in inside("plan", program).stderr
    program.write_text(FILE.replace("seeds: 3", "seeds: '3'"))
    assert "write 3, without quotes" in inside("plan", program).stderr
