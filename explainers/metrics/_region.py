"""What measures of place look at: the visible pixels, and which of them lie in the marked finding."""

from __future__ import annotations

from core.values import Floats, Mask
from explainers.metrics._registry import Question


def heat_and_region(question: Question) -> tuple[Floats, Mask]:
    """(n,) heat and (n,) whether it lies in the marked finding, of the n visible pixels."""
    assert question.region is not None, "a measure of place declares that it needs a region"
    return question.heat[question.visible].numpy(), question.region[question.visible].numpy()
