"""How a child of a supervisor ended, and what its log says of it."""

import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HUNG, CRASHED = "Timeout (", "Fatal Python error"  # begin what faulthandler prints
LOG_LINES = 20  # last lines of a log that are kept of a death


@dataclass(frozen=True)
class Death:
    """How a child ended: its exit status, or minus the number of a signal."""

    status: int
    rank: int
    oom: bool
    """True if the kernel killed a process meanwhile because memory ran out."""
    log: list[str]

    @property
    def why(self) -> str:
        if self.log and self.log[0].startswith(HUNG):
            return "it hung: no step for longer than --timeout"
        if self.status == -signal.SIGKILL:
            return "out of memory" if self.oom else "killed from outside (SIGKILL)"
        if self.status < 0:
            return f"killed by {signal.Signals(-self.status).name}"
        text = self.log[-1].strip() if self.log else ""
        return f"exit status {self.status}" + (f": {text}" if text else "")


def last_lines(log: Path) -> list[str]:
    """The last lines of a log, or the first of what faulthandler printed at its end."""
    with suppress(OSError):
        lines = log.read_text("utf-8", errors="replace").splitlines()[-10 * LOG_LINES :]
        fatal = [at for at, line in enumerate(lines) if line.startswith((HUNG, CRASHED))]
        return lines[fatal[-1] :][:LOG_LINES] if fatal else lines[-LOG_LINES:]
    return []


def oom_kills() -> int:
    """Processes that the kernel has killed since boot because memory ran out."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
