"""A console of rich whose texts cannot act on the terminal."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from study.text import visible


class SafeConsole(Console):
    """Control characters in a text print as escapes; rich's own colours and cursor moves pass."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Escaped before it is laid out, so that columns are as wide as what is shown."""
        return super().render_str(visible(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        # Control segments are rich's own cursor moves; texts never get that flag.
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else visible(text), style, control)

    def print(self, *objects: Any, crop: bool = False, **options: Any) -> None:
        """No line is cropped: what is too wide is broken by the terminal, and a pipe has it all."""
        super().print(*objects, crop=crop, **options)
