"""One file per explanation method."""

from explainers._explain import explain
from explainers._registry import EXPLAINERS, Explainer, explainer

__all__ = ["EXPLAINERS", "Explainer", "explain", "explainer"]
