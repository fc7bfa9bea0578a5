"""Completion as bash and zsh do it, on a terminal: keys are typed and Tab is pressed."""

import os
import pty
import select
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import environment

pytestmark = pytest.mark.slow

ARMS = """\
question: Does it complete?
baseline:
  model: test_rest
  data: {name: digits, img_size: 64}
  recipe: smoke
factors:
  model.reduction: {Depth-wise: depthwise, "Max $ \\"Pool\\" 2": max, It's average: average}
seeds: 2
columns: [params, top1]
profiles: {long: {seeds: 9}}
"""
# Completes as the real program, and otherwise writes the words that the shell gave it.
PROGRAM = """\
#!/bin/sh
if [ -n "$_STUDY_COMPLETE" ]; then
  exec "{python}" -c "import sys; sys.argv = ['study']; from study.cli import main; main()"
fi
printf '%s\\n' "$@" > words.new && mv words.new words
"""
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "bind 'set bell-style none'"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit; compinit -u -D"),
}
Typed = Callable[[str], list[str]]


@pytest.fixture(params=list(SHELLS))
def typed(request: pytest.FixtureRequest, tmp_path: Path) -> Typed:
    """Types into a shell of its own; the words of the command that it has run then."""
    shell = request.param
    if not shutil.which(shell):
        pytest.skip(f"needs {shell}")
    (tmp_path / "x.yaml").write_text(ARMS)
    program = tmp_path / "bin" / "study"
    program.parent.mkdir()
    program.write_text(PROGRAM.replace("{python}", sys.executable))
    program.chmod(0o755)
    variables = {"PATH": f"{program.parent}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "> "}
    words = [sys.executable, "-m", "study", "completion", shell]
    script = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
    (tmp_path / "script").write_text(script.stdout)

    def type_keys(keys: str) -> list[str]:
        command, setup = SHELLS[shell]
        parent, child = pty.openpty()
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment(**variables),
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
        )
        os.close(child)
        try:
            lines = [f"{setup}; . ./script; echo rea''dy\n", keys, "\n"]
            for line, answer in zip(lines, ("ready", None, None), strict=True):
                os.write(parent, line.encode())
                read(parent, answer)
            while not (tmp_path / "words").exists():
                assert read(parent, None, limit=60), "the shell has run nothing"
        finally:
            process.kill()
            process.wait()
            os.close(parent)
        return (tmp_path / "words").read_text().splitlines()

    return type_keys


def read(terminal: int, answer: str | None, limit: float = 60) -> str:
    """What a shell prints, until it prints the answer; without one, whatever comes first."""
    text = ""
    while answer is None or answer not in text:
        if not select.select([terminal], [], [], limit)[0]:
            break
        text += os.read(terminal, 1 << 16).decode(errors="replace")
        if answer is None:
            break
    return text


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("study sh\t", ["show"]),
        ("study wor\t", ["worker"]),
        ("study list rec\t", ["list", "recipes"]),
        ("study show rec\trest_3\t", ["show", "recipe", "rest_300e"]),
        ("study run x.yaml --prof\tlo\t", ["run", "x.yaml", "--profile", "long"]),
        ("study compare x.yaml Dep\t", ["compare", "x.yaml", "Depth-wise"]),
        ("study logs x.yaml Max\\ \\$\t0", ["logs", "x.yaml", 'Max $ "Pool" 2/s0']),
        ('study compare x.yaml "Max\t', ["compare", "x.yaml", 'Max $ "Pool" 2']),
        ("study compare x.yaml 'Max\t", ["compare", "x.yaml", 'Max $ "Pool" 2']),
        ('study compare x.yaml "It\t', ["compare", "x.yaml", "It's average"]),
        ("study compare x.yaml It\t", ["compare", "x.yaml", "It's average"]),
    ],
)
def test_a_word_is_completed(typed, keys, words):
    assert typed(keys) == words
