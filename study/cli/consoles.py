"""A console of rich whose texts cannot act on the terminal."""

from collections.abc import Iterable
from typing import Any, TextIO

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


def console_of(stream: TextIO) -> SafeConsole:
    """The console of stdout or stderr; it colours a terminal only."""
    tty = stream.isatty()
    # rich writes escapes of its own, which the guarded stream would print as text.
    file = getattr(stream, "outlet", stream)
    # 160 columns in a pipe; rich would take 80 where it finds no terminal.
    # With emoji rich would replace a label such as ":x:" by a picture.
    return SafeConsole(file=file, force_terminal=tty, width=None if tty else 160, emoji=False)
