"""The questions: one short function each, from what a person names to a finished run."""
