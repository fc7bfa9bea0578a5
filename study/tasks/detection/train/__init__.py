"""Training of detectors: iterations, checkpoints within them, evaluations."""
