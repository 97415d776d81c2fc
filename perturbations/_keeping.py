"""Hide one finding, keep the others: a goal that counts what happens to the other labels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.values import Goal


@dataclass(frozen=True, eq=False)
class Keeping(Goal):
    """The loss grows by the squares of how far the logits of the other labels are from before (N, K), those of the N
    clean images: half a logit costs as much as a quarter of a logit of the target."""

    before: Tensor

    def loss(self, logits: Tensor) -> Tensor:
        """(N, K) logits -> (N,), falling as the goal comes nearer and the others stay where they were."""
        others = torch.arange(logits.shape[1]) != self.target
        moved: Tensor = (logits - self.before)[:, others]
        loss: Tensor = super().loss(logits)
        return loss + moved.square().sum(dim=1)
