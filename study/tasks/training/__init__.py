"""Training, as tasks that train networks share it: processes, determinism, checkpoints."""
