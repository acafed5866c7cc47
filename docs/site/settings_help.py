"""Gives the fields of settings classes the help, rule, default and option that their definitions hold.

They are the same fields that the command line is made from (``unitscope/experiments/settings.py``).
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from importlib import import_module
from typing import Any

import griffe

from unitscope.experiments.settings import About, Settings


def described(known: About, name: str) -> str:
    """Return what is known of a setting, as a line of Markdown."""
    rule = f" It must be {known.rule.allowed}." if known.rule else ""
    words = (known.option or name.replace("_", "-")).split()
    return f"{known.help}{rule} On the command line {' or '.join(f'`--{word}`' for word in words)}."


class SettingsHelp(griffe.Extension):
    """Puts the settings of a class below its first line, as parameters with their defaults."""

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Complete the docstring of a class of settings."""
        if not cls.path.startswith("unitscope.experiments.") or cls.docstring is None:
            return
        found = getattr(import_module(cls.module.path), cls.name, None)
        if not (isinstance(found, type) and issubclass(found, Settings)) or found is Settings:
            return
        parts = [
            griffe.DocstringParameter(
                each.name,
                annotation=str(each.type),
                description=described(each.metadata["about"], each.name),
                value="required" if each.default is MISSING else repr(each.default),
            )
            for each in fields(found)
        ]
        said = griffe.DocstringSectionText(cls.docstring.value)
        cls.docstring.__dict__["parsed"] = [said, griffe.DocstringSectionParameters(parts)]
        for name in found.__dataclass_fields__:
            cls.members.pop(name, None)
