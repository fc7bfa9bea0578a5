"""Planning classifiers: arms are built, named and counted, and their images looked at."""
