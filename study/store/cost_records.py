"""Records of `arms/KEY.json`: facts about arms from before anything runs."""

from pydantic import Field

from study.store.fields import Number
from study.store.frozen import Frozen


class ArmCost(Frozen):
    """The cost of an arm, as it is known before anything runs."""

    cost: dict[str, Number | None] = Field({})
    """Costs by metric, in base units."""
    counts: dict[str, dict[str, Number]] = Field({})
    """Multiply-adds by counter and kind of operation."""
    stages: dict[str, dict[str, Number]] = Field({})
    """Multiply-adds by stage and kind of operation."""
    refused: str = ""
    """Reason why there are no multiply-adds; empty if there are."""
    audited: bool = True
    """False if one counter counted and nothing else was looked at; the plan says for how many."""

    @property
    def given_up(self) -> str:
        """Reason why one counter counted an arm that was to be audited; empty if several did."""
        if not self.audited or len(self.counts) != 1:
            return ""
        return "no second counter, which would take too much memory, and no smaller image fits"

    @property
    def caveat(self) -> str:
        """A plan's note on multiply-adds that are refused or not audited; or empty."""
        if self.refused:
            return f"MACs refused: {self.refused}"
        return f"MACs not audited: {self.given_up}" if self.given_up else ""
