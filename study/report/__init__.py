"""Reports of a study: text, figures and files from the analysis of its results."""
