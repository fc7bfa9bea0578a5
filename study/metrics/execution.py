"""The execution mode of a timed model; free of torch, so that the command line starts quickly."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ExecutionMode:
    """Number format, compilation, memory layout and path."""

    dtype: str = "float32"
    """The format of autocast; weights stay in float32."""
    compiled: bool = False
    channels_last: bool = False
    path: str = "plain"
    """The path of the model's own code: plain, or fast."""

    @property
    def description(self) -> str:
        """The mode in words, for tables."""
        words = [self.dtype, "compiled" if self.compiled else "eager"]
        words += ["channels-last"] if self.channels_last else []
        return ", ".join([*words, *(["fast path"] if self.path == "fast" else [])])
