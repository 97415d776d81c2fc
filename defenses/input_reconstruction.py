"""**What it is.** A small network looks at the picture first and takes back what looks to it like noise or an attack;
the model sees what is left. It was trained on clean pictures, noise, and steps against the gradient of this very model,
to give back the clean picture and, where it was clean or attacked, the model's answer to it. In the survey's terms:
*modifying the data*, input reconstruction (a denoising autoencoder).

**What it guarantees.** The same picture always gives the same result. Nothing changes outside the field of view of a
fundus photograph. At strength 0 the picture stays as it is.

**When to distrust it.** An attacker who knows it wins: network and model together are one longer network, whose exact
gradient he follows. What looks like a defense is a second thing to attack. An attacker who does not know it is held off
only if his changes resemble those of the training. It changes clean pictures too, and can move the answer to a noisy
one farther from the clean answer than the noise had; the page of a model shows how far. It can redraw what it takes for
noise: fine vessels, hair, a faint line. Compare the knowing attacker with the unknowing one.

**Reference.** Gu, Rigazio 2014, *Towards deep neural network architectures robust to adversarial examples*,
[arXiv:1412.5068](https://arxiv.org/abs/1412.5068); Meng, Chen 2017, *MagNet: a two-pronged defense against adversarial
examples*, [arXiv:1705.09064](https://arxiv.org/abs/1705.09064); trained through the model as in Liao, Liang, Dong,
Pang, Hu, Zhu 2018, *Defense against adversarial attacks using high-level representation guided denoiser*,
[arXiv:1712.02976](https://arxiv.org/abs/1712.02976). Broken by attackers who know it: Carlini, Wagner 2017,
[arXiv:1711.08478](https://arxiv.org/abs/1711.08478); Athalye, Carlini 2018,
[arXiv:1804.03286](https://arxiv.org/abs/1804.03286).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from core.classifier import Classifier
from core.params import Params, param
from defenses._registry import Family, defense
from defenses._transforms import seen_through


@dataclass(frozen=True)
class InputReconstructionParams(Params):
    """How far the network is followed."""

    strength: float = param(1.0, "Share of the network's correction that is made.", low=0, high=1, step=0.05)


@defense(
    name="Input reconstruction",
    family=Family.DATA,
    reference="arXiv:1412.5068",
    needs=("denoiser",),
)
def input_reconstruction(model: Classifier, params: InputReconstructionParams, rng: torch.Generator) -> Classifier:
    """The model on pictures that its denoiser has cleaned; the gradient is that of both networks."""
    assert model.denoiser is not None, "declared as needed"
    denoiser = model.denoiser()
    return seen_through(model, lambda x: torch.lerp(x, denoiser(x), params.strength))
