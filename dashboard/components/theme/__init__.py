"""The switch between the dark and the light theme."""

from dashboard.components.theme.theme import theme_switch

__all__ = ["theme_switch"]
