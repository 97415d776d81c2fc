"""The parts of the compare page."""

from dashboard.components.comparing.axes import Setup
from dashboard.components.comparing.cells import Cell, cells_of
from dashboard.components.comparing.fixed import fixed_in_words
from dashboard.components.comparing.numbers import numbers
from dashboard.components.comparing.panes import grid_panes
from dashboard.components.comparing.pickers import pick_reference, pick_shown, pick_sides

__all__ = [
    "Cell",
    "Setup",
    "cells_of",
    "fixed_in_words",
    "grid_panes",
    "numbers",
    "pick_reference",
    "pick_shown",
    "pick_sides",
]
