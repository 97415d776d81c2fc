"""**What it is.** A search that sees only decisions, flagged or not, and no score. It starts from a picture far away
that has the wanted answer, and halves the way to the clean picture until it stands at the border between the two
answers. There it tries many small random changes: from which of them cross the border it tells how the border lies. It
jumps along, comes back to the border nearer to the clean picture, and starts again. In the survey's terms: an evasion
attack; influence *exploratory* (the model is already deployed); knowledge *black-box*, decisions alone; specificity
*targeted*; violation *integrity* when it hides a finding (a false negative), *availability* when it induces one (a
false positive).

**What it guarantees.** The picture stays within black and white. Where a start was found, the result has the wanted
answer, and no round took it further away in Euclidean distance over the whole picture. The model is shown exactly as
many pictures as queries says, or fewer where there is nothing to do: when the clean picture has the wanted answer
already, or no start was found; both leave it as it is. No gradient and no score is used: hiding them is no defense.

**When to distrust it.** The size of the change says how far the search came, not how far the border is: raise queries
until it no longer moves. The result stands at the border, so rounding to 8 bits mostly undoes it. The start is the
picture under more and more noise, or plain white or black; a model that flags all of these never gives the answer "not
flagged" there, and then, if a surrogate is at hand, the start is an attack on that, as of an attacker who has more than
decisions.

**Reference.** Chen, Jordan, Wainwright 2020, *HopSkipJumpAttack: a query-efficient decision-based attack*,
[arXiv:1904.02144](https://arxiv.org/abs/1904.02144).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import Goal
from perturbations._decision import shortfall
from perturbations._estimated import AT_ONCE, portions
from perturbations._registry import PERTURBATIONS, Threat, perturbation
from perturbations._search import lengths
from perturbations.transfer import TransferParams, transfer

BLENDS = 8  # of picture and noise, that a search may start from
HALVINGS = 16  # of the way back to the border
JUMPS = 8  # tried, each half as long
FIRST_PROBES = 100
START = TransferParams(epsilon=16.0, steps=10)

Decide = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class HopSkipJumpParams(Params):
    """How thoroughly it is searched."""

    queries: int = param(1000, "Pictures that are shown to the model.", low=100, high=20000, step=100)


@perturbation(
    name="HopSkipJump",
    threat=Threat.BLACK_BOX,
    reference="arXiv:1904.02144",
    passes=lambda params, shape: params.queries + PERTURBATIONS["transfer"].passes(START, shape),
)
def hop_skip_jump(model: Classifier, x: Tensor, goal: Goal, params: HopSkipJumpParams, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) in [0, 1] -> the same: for each image the nearest picture found that reaches the goal, or itself.

    The images go through their rounds side by side. Each round takes one step less than the authors': all lengths of a
    jump are asked at once, and the way back is halved equally often in each, so that the queries are known.
    """
    missing = shortfall(model, goal)

    def decide(pictures: Tensor) -> Tensor:
        """(k, N, C, h, w) -> (k, N): whether each reaches the goal."""
        parts = torch.split(pictures, max(1, AT_ONCE // len(x)))
        answers = [missing(model(part.flatten(0, 1))) for part in parts]
        return (torch.cat(answers) <= 0).view(pictures.shape[:2])

    there = decide(x[None])[0]
    if there.all():
        return x
    starts = _far(x, rng)
    if model.surrogate is not None:
        starts = torch.cat([starts, transfer(model, x, goal, START, rng)[None]])
    start, found = _first(decide, starts)
    if not (found & ~there).any():
        return x
    nearest = _border(decide, x, start)
    left = params.queries - 1 - len(starts) - HALVINGS
    dimensions, rounds = x[0].numel(), 0
    while left > JUMPS + HALVINGS:
        rounds += 1
        left -= JUMPS + HALVINGS
        probes = round(FIRST_PROBES * rounds**0.5)
        probes = probes if left - probes > JUMPS + HALVINGS else left
        left -= probes
        distance = lengths(nearest - x)
        course = _course(decide, nearest, dimensions**0.5 * distance / 2**HALVINGS, probes, rng)
        shorter = 0.5 ** torch.arange(JUMPS)[:, None, None, None, None]
        jumped, landed = _first(decide, (nearest + distance / rounds**0.5 * shorter * course).clamp(0, 1))
        back = _border(decide, x, torch.where(_wide(landed), jumped, nearest))
        nearest = torch.where(lengths(back - x) < distance, back, nearest)
    return torch.where(_wide(found & ~there), nearest, x)


def _wide(flags: Tensor) -> Tensor:
    return flags[:, None, None, None]


def _far(x: Tensor, rng: torch.Generator) -> Tensor:
    """(k, N, C, h, w): x under more and more of the same noise, the last nothing but noise; white; black."""
    shares = torch.arange(1, BLENDS + 1)[:, None, None, None, None] / BLENDS
    flat = torch.stack([torch.ones_like(x), torch.zeros_like(x)])
    return torch.cat([torch.lerp(x, torch.rand(x.shape, generator=rng), shares), flat])


def _first(decide: Decide, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Of pictures (k, N, C, h, w) for each image the first that reaches the goal, and (N,) whether there is one."""
    reached = decide(pictures)
    index = reached.int().argmax(dim=0)
    return pictures[index, torch.arange(len(index))], reached.any(dim=0)


def _border(decide: Decide, x: Tensor, far: Tensor) -> Tensor:
    """Between x and far, which reaches the goal, a picture near the border that still reaches it."""
    low, high = torch.zeros(len(x), 1, 1, 1), torch.ones(len(x), 1, 1, 1)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        reached = _wide(decide(torch.lerp(x, far, middle)[None])[0])
        low, high = torch.where(reached, low, middle), torch.where(reached, middle, high)
    return torch.lerp(x, far, high)


def _course(decide: Decide, border: Tensor, size: Tensor, probes: int, rng: torch.Generator) -> Tensor:
    """(N, C, h, w) of length 1: the direction of the goal at border, from random changes of length size (N, 1, 1, 1).

    The mean of the changes, each with the sign of its answer after the mean of all answers was taken off; where all
    answers are the same, of the changes with that sign.
    """
    signed, plain, answers = torch.zeros_like(border), torch.zeros_like(border), torch.zeros(len(border))
    for count in portions(probes, AT_ONCE // len(border)):
        change = torch.randn(count, *border.shape, generator=rng)
        change /= change.flatten(2).norm(dim=2)[..., None, None, None]
        shown = (border + size * change).clamp(0, 1)
        change = (shown - border) / size
        answer = decide(shown).float() * 2 - 1
        signed += (answer[..., None, None, None] * change).sum(0)
        plain += change.sum(0)
        answers += answer.sum(0)
    mean = answers / probes
    course = torch.where(_wide(mean.abs() == 1), signed, signed - _wide(mean) * plain)
    return course / lengths(course)
