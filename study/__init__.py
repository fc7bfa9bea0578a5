"""A declarative ablation and benchmarking study harness for vision backbones."""

__version__ = "0.1.0"
