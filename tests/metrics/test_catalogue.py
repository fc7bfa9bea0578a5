import subprocess
import sys

import pytest

from study.metrics import KINDS, RULES
from tests.catalogue import METRICS


def test_the_catalogue_is_read_without_heavy_libraries():
    heavy = {"torch", "numpy", "pandas", "timm", "fvcore"}
    code = f"import study.metrics, sys; print({heavy} & set(sys.modules) or 'none')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_how_it_is_printed(name):
    metric = METRICS[name]
    assert metric.label
    assert metric.unit
    assert metric.scale > 0
    assert metric.digits >= 0


@pytest.mark.parametrize("name", METRICS)
def test_only_costs_are_the_same_in_every_seed(name):
    assert METRICS[name].exact == (METRICS[name].kind == "cost")


def test_labels_tell_the_rules_of_counting_apart():
    labels = [metric.label for metric in METRICS.values()]
    assert len(set(labels)) == len(labels)
    assert METRICS["macs"].label == "MACs (all)"
    assert METRICS["macs_conv_linear"].label == "MACs (conv+linear)"


@pytest.mark.parametrize("rule", RULES)
def test_rules_are_made_of_kinds(rule):
    assert set(RULES[rule]) <= set(KINDS)


@pytest.mark.parametrize(
    ("name", "value", "printed"),
    [("params", 10_508_300, "10.51"), ("top1", 0.7288, "72.88"), ("latency_p50", 0.0125, "12.50")],
)
def test_base_units_become_the_papers_units(name, value, printed):
    metric = METRICS[name]
    assert f"{value * metric.scale:.{metric.digits}f}" == printed
