"""Everything that is known before anything runs."""
