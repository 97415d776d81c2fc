"""**What it is.** What would have to change? Of all changes of the picture that take the score across the model's own
threshold, this looks for the smallest (in the root of the summed squares over all pixels). Positive: brighter here.
Negative: darker here. In color pictures the changes of red, green and blue are added. If the difference of two findings
is explained, it is the change that makes their raw scores equal.

**What it guarantees.** The decision really flips at the picture plus the change, and the changed picture stays between
black and white. For a model whose score is a weighted sum of the pixels it is the smallest change there is. If none is
found within the steps, that is said and nothing is drawn. The same on every run.

**When to distrust it.** It is the smallest change *found*; a smaller one may exist. It ends just across the threshold,
so rounding the picture to 8 bits may undo it. Read the color bar first: under a standard model no pixel changes by more
than a few gray levels, and the map looks like noise. Then it says that the decision hangs by a thread, not what the
model looks for. Best under a robust model, where the change is large enough to be seen and tends to fall on structures.
Either way it shows what would sway this model, not how a disease would come or go.

**Reference.** Wachter, Mittelstadt, Russell 2017, *Counterfactual explanations without opening the black box*,
[arXiv:1711.00399](https://arxiv.org/abs/1711.00399); the search follows Croce, Hein 2019,
[arXiv:1907.02044](https://arxiv.org/abs/1907.02044).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.errors import Unsupported
from core.gradients import input_gradient
from core.params import Params, param
from explainers._registry import explainer

OVERSHOOT = 0.01
"""Logits beyond the threshold that are aimed for; half of it counts as across, so that rounding can't undo it."""
TOLERANCE = 0.001
"""The search ends where the next step would shorten the change by less than this share."""
NEWTON_STEPS = 50
"""More than are ever needed; about five are."""


@dataclass(frozen=True)
class CounterfactualParams(Params):
    """How long it is searched."""

    steps: int = param(40, "Most gradients to spend.", low=10, high=200, step=10)


@explainer(
    name="Counterfactual",
    signed=True,
    magnitude=True,
    decides=True,
    unit="gray levels",
    reference="arXiv:1711.00399",
    passes=lambda params, _shape: 1 + params.steps,
    needs=("gradient",),
)
def counterfactual(
    model: Classifier, x: Tensor, target: int, params: CounterfactualParams, rng: torch.Generator
) -> Tensor:
    """x (1, C, h, w) -> smallest change (h, w) found that crosses the threshold, in 1/255, summed over the channels.

    Short of the threshold, it goes to where the gradient expects it; beyond, half the way to the point nearest to x at
    which the gradient expects it. Where there is no gradient, as a black picture may have none, it fades to mid-gray.
    Raises Unsupported if nothing is found within the steps.
    """
    threshold = _threshold(model, target)
    way = -1 if model(x)[0, target] >= threshold else 1
    y, smallest = x, None
    for _ in range(params.steps):
        gradient, logits = input_gradient(model, y, lambda z: z[:, target])
        missing = float(threshold + way * OVERSHOOT - logits[0, target])
        if way * missing > OVERSHOOT / 2:
            y = _nearest(y, gradient, missing) if gradient.any() else y + (0.5 - y) / 255
            continue
        if smallest is None or (y - x).norm() < smallest.norm():
            smallest = y - x
        shorter = _nearest(x, gradient, missing + float((gradient * (y - x)).sum()))
        if (shorter - y).norm() <= TOLERANCE * (y - x).norm():
            break
        y = (y + shorter) / 2
    if smallest is None:
        why = f"found no change that takes the score across the threshold in {params.steps} steps"
        raise Unsupported("Counterfactual", why, "Allow more steps, or choose another finding or model.")
    return 255 * smallest[0].sum(0)


def _threshold(model: Classifier, target: int) -> float:
    """The logit at which the decision on target changes; of a contrast, where both logits are equal."""
    if model.contrast is not None:
        return 0.0
    return float(model.edges[target])


def _nearest(x: Tensor, gradient: Tensor, change: float) -> Tensor:
    """The picture in [0, 1] nearest to x at which a score of this gradient has changed by so much, or all it can.

    Each pixel follows the gradient until it is black or white; how far, Newton's method finds exactly, since the change
    is made of straight pieces that get flatter.
    """
    direction = gradient if change > 0 else -gradient
    room = torch.where(direction > 0, 1 - x, x) / direction.abs().clamp(min=1e-30)
    gain, length = direction**2, 0.0
    for _ in range(NEWTON_STEPS):
        slope = float((gain * (room > length)).sum(dtype=torch.float64))
        short = abs(change) - float((gain * room.clamp(max=length)).sum(dtype=torch.float64))
        if slope == 0 or short <= 1e-6 * abs(change):
            break
        length += short / slope
    return (x + direction * room.clamp(max=length)).clamp(0, 1)
