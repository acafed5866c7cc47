"""Experiments: each reads a model and samples, fills a run folder and returns what it found."""
