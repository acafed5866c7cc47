"""The same pieces of work in other processes and on other machines, through Ray."""

from unitscope.scale.spread import spread

__all__ = ["spread"]
