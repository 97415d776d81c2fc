"""The parts of the explain page."""

from dashboard.components.explaining.agreement import agreement
from dashboard.components.explaining.choice import pick_finding, pick_methods
from dashboard.components.explaining.chosen import pick_chosen, settings_and_files
from dashboard.components.explaining.maps import map_panes
from dashboard.components.explaining.setup import Setup
from dashboard.components.explaining.stability import stability
from dashboard.components.explaining.trust import trust

__all__ = [
    "Setup",
    "agreement",
    "map_panes",
    "pick_chosen",
    "pick_finding",
    "pick_methods",
    "settings_and_files",
    "stability",
    "trust",
]
