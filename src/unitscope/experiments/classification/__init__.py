"""A unit as a classifier: its peak activation on a picture against a threshold (Bau et al. 2020, fig. 1F and 3F)."""
