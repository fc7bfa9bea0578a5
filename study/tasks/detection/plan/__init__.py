"""Plans of detection studies: arms named, counted and checked."""
