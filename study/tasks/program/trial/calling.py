"""The script that calls a user's function, and reports the measurements that it returns.

    calling.py package.module:function ARGUMENTS SEED

The arguments are JSON. The standard library alone is imported here, and `study` is not.
"""

import importlib
import inspect
import json
import os
import sys


def main(call: str, arguments: str, seed: str) -> None:
    sys.path[0] = os.getcwd()  # in place of the folder of this script
    module, _, name = call.partition(":")
    function = getattr(importlib.import_module(module), name)
    values = json.loads(arguments)
    parameters = inspect.signature(function).parameters.values()
    if any(p.name == "seed" or p.kind is p.VAR_KEYWORD for p in parameters):
        # A function without it reads STUDY_SEED.
        values |= {"seed": int(seed)}
    metrics = function(**values)
    if metrics is None:
        return
    if not isinstance(metrics, dict):
        raise SystemExit(f"{call} returned {type(metrics).__name__}: return {{name: number}}")
    line = json.dumps({name: float(value) for name, value in metrics.items()})
    with open(os.environ.get("STUDY_METRICS", os.devnull), "a", encoding="utf-8") as file:
        file.write(f"{line}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
