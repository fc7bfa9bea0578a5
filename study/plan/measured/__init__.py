"""Results that exist: rows of files, matched to the arms of a study in place of training."""
