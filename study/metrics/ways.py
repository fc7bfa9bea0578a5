"""How a model is run, besides on what; without torch, so that a command can start on it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    dtype: str = "float32"
    """Of autocast, where it is not float32; weights stay as they are."""
    compiled: bool = False
    channels_last: bool = False

    @property
    def said(self) -> str:
        words = [self.dtype, "compiled" if self.compiled else "eager"]
        return ", ".join([*words, *(["channels-last"] if self.channels_last else [])])
