"""The function that builds the model of an arm, called with those of `args` that it takes."""

import importlib
import inspect
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from functools import cached_property
from pathlib import Path
from typing import cast

import torch
from torch import nn

from study.errors import BuildError, SizeError, StudyError
from study.tasks.program.model.importing import Modules
from study.tasks.program.model.variables import filled, set_variables

Size = tuple[int, int, int]
"""Channels, height, width."""


class Factory:
    """The function of a model, in a folder with copies of its files."""

    def __init__(
        self,
        folder: Path,
        call: str,
        args: Mapping[str, object],
        *,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.call, self.args = folder, call, args
        self.modules = Modules(folder)
        self.variables = filled(env or {}, {**args, "folder": str(folder)})

    def build(self, device: str = "cpu") -> nn.Module:
        """The model on a device; on "meta" also where it is built from values.

        Raises:
            BuildError: the function cannot be imported or called, or returns something else.
        """
        arguments = self._arguments  # before the attempt, so that a wrong import is tried once
        if device == "meta":
            try:
                return self._built(device, arguments)
            except BuildError:  # again with values, which decides whose mistake it is
                return self._built("cpu", arguments).to("meta")
        return self._built(device, arguments)

    def refuse_input(self, size: Size) -> None:
        """Raises SizeError unless the model takes an input (1, C, H, W)."""
        problem = ""
        for device in ("meta", "cpu"):
            model = self.build(device).eval()
            try:
                with self.used(), torch.no_grad():
                    model(torch.zeros(1, *size, device=device))
            except BuildError as error:
                problem = str(error)
            else:
                return
        raise SizeError(f"input {[*size]}: {problem}")

    @cached_property
    def named(self) -> list[str]:
        """The arguments that the function takes by their names."""
        return [name for name in self._parameters if name in self.args]

    @contextmanager
    def used(self) -> Iterator[None]:
        """The user's code runs meanwhile: its errors are raised as BuildError, with their place."""
        try:
            # In its folder, as a trial is: a file of `inputs` is opened by its name in `cwd`.
            with self.modules.used(), set_variables(self.variables), chdir(self.folder):
                yield
        except StudyError:
            raise
        # Of any type, also that of a script which reads a command line when it is imported.
        except (Exception, SystemExit) as error:
            raise BuildError(f"{self.call}: {self._described(error)}") from error

    def _built(self, device: str, arguments: Mapping[str, object]) -> nn.Module:
        with self.used(), torch.device(device):
            model = self._function(**arguments)
        if not isinstance(model, nn.Module):
            kind = type(model).__name__
            raise BuildError(f"{self.call} returns {kind}, which is no torch.nn.Module")
        return model

    @cached_property
    def _function(self) -> Callable[..., object]:
        module, _, name = self.call.partition(":")
        with self.used():
            function = getattr(importlib.import_module(module), name)
        if not callable(function):
            raise BuildError(f"{self.call} is no function")
        return cast(Callable[..., object], function)

    @cached_property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        # A class without an __init__ of its own seems to take everything.
        if getattr(self._function, "__init__", None) is nn.Module.__init__:
            return {}
        with self.used():
            return inspect.signature(self._function).parameters

    @property
    def _arguments(self) -> dict[str, object]:
        every = self._parameters.values()
        missing = [p.name for p in every if _required(p) and p.name not in self.args]
        if missing:
            raise BuildError(f"{self.call} needs the argument {missing[0]}, which args has not")
        takes_all = any(p.kind is p.VAR_KEYWORD for p in every)
        return {name: v for name, v in self.args.items() if takes_all or name in self._parameters}

    def _described(self, error: BaseException) -> str:
        """An error in one line, with its last place in the user's files."""
        first = (str(error).splitlines() or [""])[0]
        text = f"{type(error).__name__}: {first}" if first else type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if Path(f.filename).is_relative_to(self.folder)]
        if own:
            text += f" ({Path(own[-1].filename).relative_to(self.folder)}, line {own[-1].lineno})"
        if isinstance(error, ModuleNotFoundError):
            text += "; only files of code and installed packages can be imported"
        if isinstance(error, SystemExit):
            text += '; put what a script does under if __name__ == "__main__"'
        return text


def _required(parameter: inspect.Parameter) -> bool:
    named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    return parameter.default is parameter.empty and (
        named or parameter.kind is parameter.POSITIONAL_ONLY
    )
