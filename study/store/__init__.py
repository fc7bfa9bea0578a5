"""Results on disk: the queue and the memory."""
