"""Links that open in a new tab."""

from dashboard.components.new_tab.new_tab import new_tab

__all__ = ["new_tab"]
