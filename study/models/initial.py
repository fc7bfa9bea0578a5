"""Initial weights that two arms share wherever they share a layer.

A random initial value is drawn from a stream that depends on the parameter's name and the seed
alone, not on what else the model has or in which order it is built. So arms that differ in one part
start from the same weights everywhere else, and their difference is not one of luck.

How: the model is built twice. The first time tells the names that its parameters will have, in the
order in which they come into being. The second time the generator is set anew before each random
fill, to the stream of the parameter that is filled.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Build = Callable[[], nn.Module]


def seeded(build: Build, seed: int) -> nn.Module:
    """What `build` returns, each parameter drawn from the stream of its name and `seed`.

    For any model; `unshared` names the parameters that this does not hold for. The global random
    state stays as it was.
    """
    return drawn(build, seed)[0]


def unshared(build: Build, seed: int) -> set[str]:
    """Parameters whose values depend on the seed and on more of the model than their own name.

    None for a model that fills its parameters in place, as nearly all do; otherwise those computed
    from a random tensor that was no parameter when it was drawn.
    """
    return drawn(build, seed)[1]


def drawn(build: Build, seed: int) -> tuple[nn.Module, set[str]]:
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        names = registered(build)
        torch.manual_seed(seed)
        streams = Streams(names, seed)
        handle = register_module_parameter_registration_hook(streams.register)
        try:
            with streams:
                model = build()
        finally:
            handle.remove()
    return model, streams.foreign(model)


def registered(build: Build) -> list[str | None]:
    """The final names of all parameters that `build` registers, in that order; None if replaced."""
    parameters: list[Tensor] = []  # kept alive, so that no two have the same id

    def register(module: nn.Module, name: str, parameter: Tensor | None) -> None:
        parameters.append(parameter if parameter is not None else torch.empty(0))

    handle = register_module_parameter_registration_hook(register)
    try:
        names = {id(parameter): name for name, parameter in build().named_parameters()}
    finally:
        handle.remove()
    return [names.get(id(parameter)) for parameter in parameters]


class Streams(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sets the generator before every random operation, and follows where its values go."""

    def __init__(self, names: list[str | None], seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names, self.seed = names, seed
        self.count = 0  # parameters registered so far
        self.current: str | None = None  # whose stream is running
        self.owner: dict[StorageWeakRef, str | None] = {}
        self.sources: dict[StorageWeakRef, frozenset[str | None]] = {}

    def register(self, module: nn.Module, name: str, parameter: Tensor | None) -> None:
        if parameter is not None:
            self.owner[reference(parameter)] = self.expected()
        self.count += 1

    def expected(self) -> str | None:
        """The name of the parameter that is registered next."""
        return self.names[self.count] if self.count < len(self.names) else None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        random = torch.Tag.nondeterministic_seeded in func.tags
        inputs = tensors((args, kwargs))
        if random:
            self.start(inputs)
        result = func(*args, **(kwargs or {}))
        self.follow(inputs, tensors(result), random)
        return result

    def start(self, inputs: list[Tensor]) -> None:
        """Restart at the stream of the parameter about to be filled.

        A tensor made of random numbers becomes the next parameter. A fill of a tensor that is no
        parameter is a step of the fill before, such as a redraw of rejected values.
        """
        filled = inputs[0] if inputs else None
        if filled is None:
            self.restart(self.expected(), 0)
        elif (key := reference(filled)) in self.owner:
            self.restart(self.owner[key], int(filled.storage_offset()))

    def restart(self, name: str | None, offset: int) -> None:
        self.current = name
        text = f"{self.seed}/{name}/{offset}".encode()
        key = int.from_bytes(hashlib.sha256(text).digest()[:7], "big")
        for generator in (torch.default_generator, *torch.cuda.default_generators):
            generator.manual_seed(key)  # of the devices in use; torch.manual_seed would queue more

    def follow(self, inputs: list[Tensor], outputs: list[Tensor], random: bool) -> None:
        """What is computed from a stream belongs to it."""
        found = {source for x in inputs for source in self.sources.get(reference(x), ())}
        if random:
            found.add(self.current)
        if found:
            for output in outputs:
                self.sources[reference(output)] = frozenset(found)

    def foreign(self, model: nn.Module) -> set[str]:
        """Names of parameters with values from a stream that is not their own."""
        return {
            name
            for name, parameter in model.named_parameters()
            if self.sources.get(reference(parameter), frozenset()) - {name}
        }


def reference(x: Tensor) -> StorageWeakRef:
    return StorageWeakRef(x.untyped_storage())  # type: ignore[no-untyped-call]


def tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]
