"""**What it is.** A second model of the same task, trained on its own, looks at the picture too, and the answer is the
mean of both calibrated logits, each measured from its own threshold. What misleads one model need not mislead the
other. In the survey's terms: *adding auxiliary models*, ensembling.

**What it guarantees.** The answer lies between those of the two models. Where both agree, the ensemble agrees.

**When to distrust it.** Attacks often carry over from one model to another that has learned from the same pictures, and
an attacker who knows both descends on their mean as easily as on one. Two weak defenses do not add up to a strong one.
That the mean reads clean pictures better says nothing about attacks.

**Reference.** Strauss, Hanselmann, Junginger, Ulmer 2017, *Ensemble methods as a defense to adversarial perturbations
against deep neural networks*, [arXiv:1709.03423](https://arxiv.org/abs/1709.03423). Weak ones stay weak: He, Wei, Chen,
Carlini, Song 2017, *Adversarial example defenses: ensembles of weak defenses are not strong*,
[arXiv:1706.04701](https://arxiv.org/abs/1706.04701).
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
class EnsembleParams(Params):
    """How much the second model counts."""

    weight: float = param(0.5, "Share of the second model in the mean.", low=0, high=1, step=0.05)


@defense(
    name="Ensemble",
    family=Family.AUXILIARY,
    reference="arXiv:1709.03423",
    needs=("surrogate",),
    passes=lambda params, shape: 2,
)
def ensemble(model: Classifier, params: EnsembleParams, rng: torch.Generator) -> Classifier:
    """The model whose calibrated logits lie as far from its threshold as those of both models lie on average from
    theirs. Its surrogate is part of it, so an attacker without this defense has none."""
    assert model.surrogate is not None, "declared as needed"
    other = model.surrogate()

    def answer(ask: Ask, x: Tensor) -> Tensor:
        theirs = (other(x) - other.edges) * (model.card.scale / other.card.scale) + model.edges
        return (1 - params.weight) * ask(x) + params.weight * theirs

    return dataclasses.replace(model.answering(answer), cam_layer=None, surrogate=None)
