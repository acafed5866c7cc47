"""Makes docstrings pages: names of the package become links, and settings have their help, rule, default and option.

Settings are the same fields that the command line is made from (``unitscope/experiments/settings.py``).
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from importlib import import_module
from typing import Any

import griffe

import unitscope
from unitscope.experiments.settings import About, Settings

ROLE = re.compile(r":(?:class|func|meth|attr|mod):`(?:unitscope\.)?([\w.]+)`")
PAGE = re.compile(r"``docs/(\w+)\.md``")


def linked(text: str) -> str:
    """Return a docstring with links in place of roles, and of the names of pages."""

    def link(found: re.Match[str]) -> str:
        name = found[1]
        return (
            f"[`{name}`][unitscope.{name}]" if name in unitscope.__all__ else f"`{name.rpartition('.')[2]}`"
        )

    return PAGE.sub(r"[\1.md](../\1.md)", ROLE.sub(link, text))


def described(known: About, name: str) -> str:
    """Return what is known of a setting, as a line of Markdown."""
    rule = f" It must be {known.rule.allowed}." if known.rule else ""
    words = (known.option or name.replace("_", "-")).split()
    return f"{known.help}{rule} On the command line {' or '.join(f'`--{word}`' for word in words)}."


class Docstrings(griffe.Extension):
    """Completes docstrings before they are read."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Put links into a docstring."""
        if obj.docstring is not None:
            obj.docstring.value = linked(obj.docstring.value)

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Complete the docstring of a class of settings."""
        module = cls.module.path
        if not re.fullmatch(r"unitscope\.experiments\.(\w+\.)?settings", module) or cls.docstring is None:
            return  # other modules are not imported: what they need is heavy
        found = getattr(import_module(module), cls.name, None)
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
