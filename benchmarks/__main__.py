"""Runs the benchmarks that have bars: `python -m benchmarks`, or some of them by name.

    python -m benchmarks store --folder SCRATCH

Prints each row, draws growth and writes `benchmarks/RESULTS.md`. No test asserts a time.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks import store
from benchmarks.rows import HEADS, REPEATS, draw, machine, printed, table

HERE = Path(__file__).parent

TEXT = """\
# Results of the benchmarks

`python -m benchmarks`: {machine}.

Seconds are the least of {repeats} repeats, and spread is the largest divided by the least; of
claims they are the median, and the 95th percentile by the 5th. Ratio is seconds divided by the bar.
CPU s is the processor time alone: seconds also hold the waiting for a core, which is most of
them where the load is larger than the number of cores.
"""

STORE = """
## Store

Whole commands, with their start, on synthetic stores of a study of 200 arms. The study has five
seeds; that of `all trials` has as many as the store. Cold is without an index, with the files in
the memory of the system. 16 workers claim from a job whose trials are finished but for 320; a
trial takes 0.3 s.

{table}
![Growth](store.png)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}  [all]")
    parser.add_argument("--folder", type=Path, help="where stores are made, and left")
    options = parser.parse_args()
    text = TEXT.format(machine=machine(), repeats=REPEATS)
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.names or BENCHMARKS:
            rows, about = [], BENCHMARKS[name]
            print(f"{HEADS[0]:44}" + "".join(f"{head:>10}" for head in HEADS[1:]), flush=True)
            for row in about[0](options.folder or Path(scratch)):
                print(printed(row), flush=True)
                rows.append(row)
            draw(rows, HERE / f"{name}.png")
            text += about[1].format(table=table(rows))
    (HERE / "RESULTS.md").write_text(text)


BENCHMARKS = {"store": (store.rows, STORE)}
"""Benchmarks by name, and what is written about them."""


if __name__ == "__main__":
    main()
