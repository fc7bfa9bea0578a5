"""The environment variables of `env`, while the function of a model is called."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from study.spec.variables import VARIABLE
from study.tasks.program import words


def filled(env: Mapping[str, str], values: Mapping[str, object]) -> dict[str, str]:
    """The variables that can be filled in without a trial; {seed} or {port} has no value here.

    Raises:
        WordError: a list stands inside a longer text.
    """
    variables = dict[str, str]()
    for name, text in env.items():
        if of_shell := VARIABLE.fullmatch(text):
            if of_shell[1] in os.environ:
                variables[name] = os.environ[of_shell[1]]
        elif values.keys() >= {*words.names(text)}:
            variables[name] = " ".join(words.filled(text, values))
    return variables


@contextmanager
def set_variables(variables: Mapping[str, str]) -> Iterator[None]:
    """These variables are set meanwhile, and are as they were afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)  # the user's code may have deleted it
            else:
                os.environ[name] = value
