"""The figures of a model page: what was measured -> a Plotly figure. They compute nothing."""

from dashboard.components.figures.attack import accuracy_under_attack
from dashboard.components.figures.calibration import reliability_diagram
from dashboard.components.figures.discrimination import detection_curves, precision_recall_curve, roc_curve
from dashboard.components.figures.scope import distance_strips
from dashboard.components.figures.theme import draw

__all__ = [
    "accuracy_under_attack",
    "detection_curves",
    "distance_strips",
    "draw",
    "precision_recall_curve",
    "reliability_diagram",
    "roc_curve",
]
