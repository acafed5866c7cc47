"""The command line: one command is one call of the library."""

from unitscope.cli.main import app, main

__all__ = ["app", "main"]
