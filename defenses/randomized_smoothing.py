"""**What it is.** The model is asked about several copies of the picture, each under its own random noise, and the
answer is the mean of its logits. Noise much larger than an attack drowns it. In the survey's terms: *modifying the
model*, by chance.

**What it guarantees.** As shown here, with a mean of a few copies, nothing. With a vote of very many copies there is a
proof: a radius within which no change of the picture changes the answer, but for a small probability that is stated.
The certificate counts those votes, and abstains where they don't suffice.

**When to distrust it.** The radius grows with the noise, and accuracy falls with it: a model that was not trained under
this noise soon knows nothing. The radius is in the l2 norm; spread evenly over all pixels of a picture it is usually
far below one gray level, so that it says nothing of an attack that may change each pixel by one. An attacker who knows
the defense averages over the noise, as the model does. The answer to the same picture differs a little each time.

**Reference.** Cohen, Rosenfeld, Kolter 2019, *Certified adversarial robustness via randomized smoothing*,
[arXiv:1902.02918](https://arxiv.org/abs/1902.02918).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Ask, Classifier
from core.params import Params, param
from defenses._registry import Family, defense


@dataclass(frozen=True)
class RandomizedSmoothingParams(Params):
    """Size of the noise, and number of noisy copies."""

    sigma: float = param(8.0, "Standard deviation of the noise.", low=0, high=128, step=0.5, unit="/255")
    draws: int = param(8, "Noisy copies for each answer.", low=1, high=64, step=1)


@defense(
    name="Randomized smoothing",
    family=Family.MODEL,
    reference="arXiv:1902.02918",
    random=True,
    passes=lambda params, shape: params.draws,
)
def randomized_smoothing(model: Classifier, params: RandomizedSmoothingParams, rng: torch.Generator) -> Classifier:
    """The model whose logits are the mean over noisy copies, drawn anew at each answer."""

    def answer(ask: Ask, x: Tensor) -> Tensor:
        logits = [
            ask((x + params.sigma / 255 * torch.randn(x.shape, generator=rng)).clamp(0, 1)) for _ in range(params.draws)
        ]
        return torch.stack(logits).mean(dim=0)

    return dataclasses.replace(model.answering(answer), cam_layer=None)
