"""The time that a timing session takes, in words."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from study.cli.messages import message
from study.format import duration, many

if TYPE_CHECKING:
    from study.plan.plan import Plan

MOST_OVER = 2.0  # of the seconds that are asked for; a longer session is announced


class TimeToTake:
    """The time of a session, announced before it begins, and again if rounds need more."""

    def __init__(self, plan: "Plan", clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.clock = plan.study.timing.seconds, clock
        self.first: tuple[int, float] | None = None
        self.done = False
        count = many(len(plan.arms), "model")
        message(
            f"timing {count} for about {self.seconds:g} s, after a warm-up, and at most as long "
            "again for further builds"
        )

    def round(self, done: int, total: int) -> None:
        """Announce a longer time: eight builds of large models may need more than was asked for."""
        if self.done or not done:
            return
        # Warm-up is over when the first round has ended, so the time counts from there.
        if self.first is None:
            self.first = done, self.clock()
            return
        if done > self.first[0]:
            # Once: the time of later rounds differs by what other processes do.
            self.done = True
            each = (self.clock() - self.first[1]) / (done - self.first[0])
            if each * total > MOST_OVER * self.seconds:
                message(
                    f"note: {total} rounds take about {duration(each * total)}, more than "
                    f"--seconds {self.seconds:g}: models are built anew for an interval, and each "
                    "round calls every model"
                )
