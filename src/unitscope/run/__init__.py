"""The run folder: manifest, committed shards, tables, and how to open a finished run."""
