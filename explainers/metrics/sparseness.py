"""**What it is.** How unequally the heat, without its sign, is spread over the pixels: the Gini index, as of incomes. 0
means that all pixels have the same, 1 that one has all. A random map has one third.

**What it guarantees.** It is exact, costs no pass, and no unit or scale changes it. The higher it is, the fewer places
a reader has to look at.

**When to distrust it.** It says nothing about truth: one wrong pixel is as sparse as a map can be. A finding that
fills a lung deserves a broad map. Use it to choose between maps that are equally right by other measures.

**Reference.** Chalasani, Chen, Roy Chowdhury, Jha, Wu 2020, *Concise explanations of neural networks using adversarial
training*, [arXiv:1810.06583](https://arxiv.org/abs/1810.06583).
"""

from __future__ import annotations

import torch

from core.params import Params
from explainers.metrics._registry import Measured, Question, measure


@measure(name="Sparseness", unit="Gini index", better="higher", reference="arXiv:1810.06583")
def sparseness(question: Question, params: Params, rng: torch.Generator) -> Measured:
    """The Gini index of |heat| over the visible pixels, in [0, 1]."""
    strengths = question.heat[question.visible].abs().double().sort().values
    count = len(strengths)
    above = (count - torch.arange(1, count + 1) + 0.5) / count
    return Measured(float(1 - 2 * (strengths * above).sum() / strengths.sum()))
