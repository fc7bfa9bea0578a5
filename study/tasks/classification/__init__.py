"""Image classification: timm models, trained by a recipe on a data set."""
