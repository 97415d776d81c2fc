"""The steps of an attack, to be played."""

from dashboard.components.player.player import player

__all__ = ["player"]
