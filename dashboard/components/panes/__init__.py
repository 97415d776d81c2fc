"""The viewer."""

from dashboard.components.panes.panes import panes

__all__ = ["panes"]
