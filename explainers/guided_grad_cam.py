"""**What it is.** The product of two maps: guided backpropagation, which is crisp, and Grad-CAM, which is coarse and
knows the finding. What is left is the crisp map inside the coarse one.

**What it guarantees.** It is zero wherever Grad-CAM is zero, and the same on every run.

**When to distrust it.** Its detail is not evidence. The crisp half fails the sanity checks: networks with random
weights get nearly the same one ([arXiv:1810.03292](https://arxiv.org/abs/1810.03292)). All that depends on the finding
comes from Grad-CAM, with cells of about 32 by 32 pixels. A lesion that seems outlined may be an edge of the image that
happens to lie in a hot cell: look at Grad-CAM alone.

**Reference.** Selvaraju, Cogswell, Das, Vedantam, Parikh, Batra 2017, *Grad-CAM: visual explanations from deep
networks via gradient-based localization*, [arXiv:1610.02391](https://arxiv.org/abs/1610.02391).
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.classifier import Classifier
from explainers._cam import CamParams, enlarged
from explainers._registry import explainer
from explainers.grad_cam import evidence
from explainers.guided_backprop import GuidedRules


@explainer(
    name="Guided Grad-CAM",
    signed=True,
    magnitude=True,
    unit="guided backpropagation × Grad-CAM",
    reference="arXiv:1610.02391",
    passes=lambda _params, _shape: 1,
    needs=("feature map", "module tree"),
)
def guided_grad_cam(model: Classifier, x: Tensor, target: int, params: CamParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> guided gradient, summed over the channels, times Grad-CAM (h, w)."""
    rules, maps = GuidedRules(x), list[Tensor]()
    logit = rules.logit(model.showing(maps.append), target)
    (features,) = maps
    rules.guide.on = False
    (gradient,) = torch.autograd.grad(logit, features, retain_graph=True)
    rules.guide.on = True
    (guided,) = torch.autograd.grad(logit, rules.images)
    return guided[0].sum(0) * enlarged(evidence(features.detach(), gradient, params.sign)[None], x)[0, 0]
