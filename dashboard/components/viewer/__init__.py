"""The viewer: linked panes with pictures and maps, drawn in the browser."""

from dashboard.components.viewer.values import Box, Frame, Heat, Pane, Picture, Preset, Scale, Window
from dashboard.components.viewer.viewer import viewer

__all__ = ["Box", "Frame", "Heat", "Pane", "Picture", "Preset", "Scale", "Window", "viewer"]
