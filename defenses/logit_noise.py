"""**What it is.** Random noise is added to the answer, so that whoever tries one change after another can't tell a
small gain from chance. In the survey's terms: *modifying the model*, masking.

**What it guarantees.** The picture is not touched, and the mean of many answers is that of the model. The same seed
gives the same noise in the same order.

**When to distrust it.** It moves the answer, not the weakness. An attacker who knows the network has its gradient,
which noise on the answer does not change at all: against him this is no defense. One who sees only answers asks several
times and takes the mean. A picture near the threshold is flagged or not by chance, which costs accuracy and trust.

**Reference.** Nguyen, Wang, Sinha 2017, *A learning and masking approach to secure learning*,
[arXiv:1709.04447](https://arxiv.org/abs/1709.04447).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Ask, Classifier
from core.params import Params, param
from defenses._registry import Family, defense


@dataclass(frozen=True)
class LogitNoiseParams(Params):
    """Size of the noise."""

    sigma: float = param(0.5, "Standard deviation of the noise, in logits.", low=0, high=10, step=0.1)


@defense(name="Noise on the logits", family=Family.MODEL, reference="arXiv:1709.04447", random=True)
def logit_noise(model: Classifier, params: LogitNoiseParams, rng: torch.Generator) -> Classifier:
    """The model whose logits are noisy, anew at each answer."""

    def answer(ask: Ask, x: Tensor) -> Tensor:
        logits = ask(x)
        return logits + params.sigma * torch.randn(logits.shape, generator=rng)

    return model.answering(answer)
