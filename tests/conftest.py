"""What tests of several rooms share."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers side by side, models this small
ROOT = Path(__file__).parent.parent

TINY = """\
question: Does it run?
baseline:
  model: test_rest
  data: {name: digits, img_size: 64, train_limit: 64, val_limit: 40}
  recipe: {name: smoke, epochs: 2, batch_size: 32}
factors:
  model.reduction: {DW: depthwise, Avg: average}
seeds: 2
columns: [params, macs, top1]
"""


@pytest.fixture(scope="session")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one test has counted and timed, the next need not."""
    return tmp_path_factory.mktemp("shelves")


@pytest.fixture
def tiny(tmp_path: Path, shelves: Path) -> Path:
    """A study that takes seconds, in a folder of its own."""
    (tmp_path / "results").mkdir()
    for shelf in ("arms", "timings"):
        (shelves / shelf).mkdir(exist_ok=True)
        (tmp_path / "results" / shelf).symlink_to(shelves / shelf)
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def study(tmp_path: Path) -> Command:
    """Runs `python -m study ...` with a store and reports in the test's folder."""

    def run(*words: object, **options: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *options.pop("python", ()), "-m", "study", *map(str, words)],
            cwd=tmp_path,
            env=environment(**options.pop("env", {})),
            capture_output=True,
            text=True,
            timeout=options.pop("timeout", 300),
            **options,
        )

    return run


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are drawn, but their files hold no picture; tests of figures render them."""

    def save(figure: object, file: IO[bytes], **options: object) -> None:
        file.write(b"<svg></svg>")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", save)


@pytest.fixture
def inside(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    unrendered: None,
) -> Command:
    """The same in this process, which has imported torch already; figures are not rendered."""
    from study.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> "subprocess.CompletedProcess[str]":
        monkeypatch.setattr(sys, "argv", ["study", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return subprocess.CompletedProcess(words, ended.value.code, output.out, output.err)

    return run


def environment(**changes: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, **changes}
