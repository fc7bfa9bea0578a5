"""The costs of a study's arms, each looked up or counted once per plan."""

from study.plan import arm_cost
from study.spec.study import Config
from study.store.cost_records import Alike, ArmCost
from study.store.provenance import digest
from study.store.store import Store


class CostRecords:
    """The costs of arms, from the store or counted when they are first asked for."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._records: dict[str, ArmCost] = {}

    def of(self, config: Config) -> ArmCost:
        """The cost of an arm; raises as `arm_cost.arm_cost` does."""
        key = arm_cost.key(config, self.store)
        if key not in self._records:
            self._records[key] = arm_cost.arm_cost(config, self.store)
        return self._records[key]

    def same_model(self, left: Config, right: Config) -> bool:
        """True for models of equal cost, to the last count, and equal outputs at equal weights."""
        first, second = self.of(left), self.of(right)
        if first.weights != second.weights:
            return False
        if (first.cost, first.counts, first.shape) != (second.cost, second.counts, second.shape):
            return False
        # Sorted, because equality has no direction.
        keys = sorted(arm_cost.key(config, self.store) for config in (left, right))
        name = digest(["alike", *keys])
        answer = self.store.record("arms", name, Alike)
        if answer is None:
            answer = Alike(alike=arm_cost.outputs_alike(left, right, first.shape))
            self.store.keep("arms", name, answer)
        return answer.alike
