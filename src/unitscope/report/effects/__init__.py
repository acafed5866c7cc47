"""The pages of what units of a generator do: removal, insertion, and the ranking of units by their effect."""

from unitscope.report.effects.write import effect_title, write_effect_page

__all__ = ["effect_title", "write_effect_page"]
