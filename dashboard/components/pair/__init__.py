"""Two pictures side by side, one of which is to be picked."""

from dashboard.components.pair.pair import Pick, pair

__all__ = ["Pick", "pair"]
