"""**What it is.** Each channel of the last convolutional layer is a pattern that lights up in some places. Here the
picture is shown to the model through each pattern in turn, as through a stencil, and the model's raw scores (the
logits) decide how much each pattern counts in the map.

**What it guarantees.** It needs no gradient: every weight comes from a score that the model really gave. It is the same
on every run. If the layer has more channels than are tried, those that vary most over the picture are taken.

**When to distrust it.** No pattern can count against a finding, so there is always a map, also of a finding that the
model does not flag: the values say where the patterns lie, not how strong the evidence is. The model has never learned
from pictures behind a stencil; try another surrounding. Where all scores are about alike, as they are if the model
looks at fine detail, the map is just the average of all patterns, whatever the finding: compare two findings.

**Reference.** Wang, Wang, Du, Yang, Zhang, Ding, Mardziel, Hu 2020, *Score-CAM: score-weighted visual explanations for
convolutional neural networks*, [arXiv:1910.01279](https://arxiv.org/abs/1910.01279).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from explainers._baselines import BASELINES, baseline_image
from explainers._cam import enlarged, feature_map
from explainers._registry import explainer

BATCH = 16


@dataclass(frozen=True)
class ScoreCamParams(Params):
    """How many patterns are tried, and what surrounds what they let through."""

    channels: int = param(128, "Most patterns to try, those that vary most first.", low=BATCH, high=2048, step=BATCH)
    fill: str = param("black", "What the picture shows outside a pattern.", choices=BASELINES)


@explainer(
    name="Score-CAM",
    signed=False,
    unit="feature strength",
    reference="arXiv:1910.01279",
    passes=lambda params, _shape: 1 + params.channels,
    needs=("feature map",),
    coarse=True,
)
def score_cam(model: Classifier, x: Tensor, target: int, params: ScoreCamParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> weighted mean of the channels (rows, columns) of cam_layer, at least 0."""
    features = feature_map(model, x)
    tried = features[0].flatten(1).var(dim=1, correction=0).topk(min(params.channels, features.shape[1])).indices
    features = features[:, tried]
    surround = baseline_image(params.fill, x)
    stencils = (_stencil(channels, x) for channels in torch.split(features[0], BATCH))
    logits = [model(surround + stencil * (x - surround))[:, target] for stencil in stencils]
    weights = torch.cat(logits).softmax(0)[:, None, None]
    return (weights * features[0]).sum(0).clamp(min=0)


def _stencil(channels: Tensor, x: Tensor) -> Tensor:
    """channels (N, rows, columns) -> (N, 1, h, w), each stretched to [0, 1]; a channel without contrast hides all."""
    shares = enlarged(channels[:, None], x)
    low, high = shares.amin((2, 3), keepdim=True), shares.amax((2, 3), keepdim=True)
    return (shares - low) / (high - low).clamp(min=1e-8)
