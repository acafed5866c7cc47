"""The command line: one command is one call of the library."""

from unitscope.cli.main import application, main

__all__ = ["application", "main"]
