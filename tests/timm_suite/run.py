"""Run timm's own test file for models, unmodified, on the models of this package.

    python tests/timm_suite/run.py "test_rest"

The argument is what pytest's -k takes. The tests are not in timm's wheel, so its source archive is
fetched once into .timm-tests/; where it cannot be, this says so and ends with status 0.
"""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".timm-tests"


def main(pattern: str) -> int:
    tests = suite(version("timm"))
    if isinstance(tests, str):
        print(f"skipped: {tests}")
        return 0
    path = os.pathsep.join(
        [str(ROOT), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    )
    command = [sys.executable, "-m", "pytest", "-p", "timm_plugin", "-q", "-k", pattern]
    command += ["tests/test_models.py"]
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, cwd=tests, env=environment, check=False).returncode


def suite(timm: str) -> Path | str:
    """The folder with timm's tests, or why there is none."""
    folder = CACHE / f"timm-{timm}"
    if not (folder / "tests" / "test_models.py").exists():
        archive = fetched(timm)
        if isinstance(archive, str):
            return archive
        unpack(archive)
    return folder


def fetched(timm: str) -> Path | str:
    """The source archive of that version, or why it could not be fetched."""
    CACHE.mkdir(exist_ok=True)
    archive = CACHE / f"timm-{timm}.tar.gz"
    wanted = ["download", f"timm=={timm}", "--no-deps", "--no-binary", ":all:", "-d", str(CACHE)]
    reason = "there is no pip"
    for pip in pips():
        if archive.exists():
            break
        done = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
        reason = (done.stderr.strip() or "pip failed").splitlines()[-1]
    return archive if archive.exists() else f"no source archive of timm {timm}: {reason}"


def pips() -> Iterator[list[str]]:
    """Ways to call pip, best first; environments made by uv have none of their own."""
    if (
        subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode
        == 0
    ):
        yield [sys.executable, "-m", "pip"]
    if pip := shutil.which("pip"):
        yield [pip]
    own = CACHE / "pip"
    venv = subprocess.run([sys.executable, "-m", "venv", str(own)], capture_output=True)
    if venv.returncode == 0:
        yield [str(own / "bin" / "python"), "-m", "pip"]


def unpack(archive: Path) -> None:
    """Only the tests and their settings: beside timm's package they would test that copy of it."""
    with tarfile.open(archive) as opened:
        inner = archive.name.removesuffix(".tar.gz")
        wanted = (f"{inner}/tests/", f"{inner}/pyproject.toml")
        members = [member for member in opened if member.name.startswith(wanted)]
        opened.extractall(CACHE, members=members, filter="data")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit('usage: run.py PATTERN, such as "rest_ or test_rest"')
    sys.exit(main(sys.argv[1]))
