"""Paired initial weights: two arms share the initial weights of every layer that they share.

The random initial values of a parameter depend on its name and the seed alone, not on the rest of
the model or the order of construction. Arms that differ in one part start equal everywhere else, so
their difference is not due to initialisation.

The model is built twice. The first build records the final names of the parameters in the order of
their registration. In the second build the generator is reseeded before every random fill, with the
seed of the parameter that is filled.
"""

import hashlib
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Build = Callable[[], nn.Module]


def seeded(build: Build, seed: int) -> nn.Module:
    """The model that `build` returns, each parameter initialised by its name and `seed`.

    `unshared` names the parameters of a model for which this fails. The global random state is not
    changed.
    """
    return initialised(build, seed)[0]


def unshared(build: Build, seed: int) -> set[str]:
    """Names of parameters whose random values depend on more of the model than their own name.

    Empty for a model that fills its parameters in place, as nearly all do. Otherwise parameters
    that are computed from a random tensor that was not yet a parameter.
    """
    return initialised(build, seed)[1]


def initialised(build: Build, seed: int) -> tuple[nn.Module, set[str]]:
    """The model, and the names of its parameters that arms cannot share."""
    # Not if CUDA is not initialised: saving its random state would initialise it.
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        names = registered(build)
        torch.manual_seed(seed)  # both builds see the same state, should the model read it
        streams = SeededFills(names, seed)
        handle = register_module_parameter_registration_hook(streams.register)
        try:
            with streams:
                model = build()
        finally:
            handle.remove()
    return model, streams.foreign(model)


def registered(build: Build) -> list[str | None]:
    """Final parameter names in the order of registration; None for a parameter that is replaced."""
    parameters: list[Tensor] = []  # kept alive, so that no two have the same id

    def register(module: nn.Module, name: str, parameter: Tensor | None) -> None:
        # A placeholder for None, since the second build counts those registrations, too.
        parameters.append(parameter if parameter is not None else torch.empty(0))

    handle = register_module_parameter_registration_hook(register)
    try:
        names = {id(parameter): name for name, parameter in build().named_parameters()}
    finally:
        handle.remove()
    return [names.get(id(parameter)) for parameter in parameters]


class SeededFills(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Reseeds the generator before every random operation, and tracks the tensors made from it."""

    def __init__(self, names: list[str | None], seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names, self.seed = names, seed
        self.count = 0  # parameters registered so far
        self.current: str | None = None  # name of the parameter that is being filled
        self.owner: dict[StorageWeakRef, str | None] = {}  # parameter name by storage
        # Names of the parameters whose random numbers a storage was computed from.
        self.sources: dict[StorageWeakRef, frozenset[str | None]] = {}

    def register(self, module: nn.Module, name: str, parameter: Tensor | None) -> None:
        if parameter is not None:
            self.owner[reference(parameter)] = self.expected()
        self.count += 1

    def expected(self) -> str | None:
        """The name of the parameter that will be registered next."""
        return self.names[self.count] if self.count < len(self.names) else None

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        # torch tags every operator that reads a generator.
        random = torch.Tag.nondeterministic_seeded in func.tags
        inputs = tensors((args, kwargs))
        if random:
            self.start(inputs)
        result = func(*args, **(kwargs or {}))
        self.follow(inputs, tensors(result), random)
        return result

    def start(self, inputs: list[Tensor]) -> None:
        """Reseed for the parameter that is about to be filled.

        A new random tensor is taken to become the next parameter. A fill of a tensor that is no
        parameter continues the fill before, such as a redraw of rejected values.
        """
        filled = inputs[0] if inputs else None
        if filled is None:
            self.restart(self.expected(), 0)
        elif (key := reference(filled)) in self.owner:
            self.restart(self.owner[key], int(filled.storage_offset()))

    def restart(self, name: str | None, offset: int) -> None:
        self.current = name
        # With the offset, since fills of several parts of one tensor (q, k, v) must differ.
        text = f"{self.seed}/{name}/{offset}".encode()
        key = int.from_bytes(hashlib.sha256(text).digest()[:7], "big")  # 56 bits; torch takes 64
        for generator in (torch.default_generator, *torch.cuda.default_generators):
            generator.manual_seed(
                key
            )  # torch.manual_seed would also queue seeds for devices not in use

    def follow(self, inputs: list[Tensor], outputs: list[Tensor], random: bool) -> None:
        """Record the parameters whose random numbers the outputs were computed from."""
        names = {name for x in inputs for name in self.sources.get(reference(x), ())}
        if random:
            names.add(self.current)
        if names:
            for output in outputs:
                self.sources[reference(output)] = frozenset(names)

    def foreign(self, model: nn.Module) -> set[str]:
        """Names of parameters computed from random numbers of another parameter or of none."""
        return {
            name
            for name, parameter in model.named_parameters()
            if self.sources.get(reference(parameter), frozenset()) - {name}
        }


def reference(x: Tensor) -> StorageWeakRef:
    # By storage, since a view shares that of its base; weak, so that no memory is kept.
    return StorageWeakRef(x.untyped_storage())  # type: ignore[no-untyped-call]


def tensors(tree: object) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]
