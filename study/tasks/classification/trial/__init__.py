"""The model and the images of a trial."""
