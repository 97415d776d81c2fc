"""Links that open in a new tab, and Back."""

from dashboard.components.navigation.navigation import navigation

__all__ = ["navigation"]
