"""How far the features of an image are from those of the training data.

Mahalanobis distance to the nearest class, with one covariance for all classes (Lee et al. 2018, arXiv:1807.03888):
exact along the axes of largest variance, with the mean variance of the rest along all others, since the covariance of
a thousand features can't be estimated from a few thousand images.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

AXES = 64


class Scope(nn.Module):
    """features (N, D) -> distance (N,), about 1 for training data (root of the mean square over the D features).

    means (M, D) of the classes; axes (A, D) orthonormal; spread (A,) their standard deviations; rest: the others'.
    """

    def __init__(self, means: Tensor, axes: Tensor, spread: Tensor, rest: Tensor) -> None:
        super().__init__()
        for name, tensor in (("means", means), ("axes", axes), ("spread", spread), ("rest", rest)):
            self.register_buffer(name, tensor.float())

    def forward(self, features: Tensor) -> Tensor:
        means, axes, spread, rest = (self.get_buffer(name) for name in ("means", "axes", "spread", "rest"))
        away = features[:, None] - means  # (N, M, D)
        along = away @ axes.T  # (N, M, A)
        beyond = (away.square().sum(dim=2) - along.square().sum(dim=2)).clamp_min(0)
        squares = (along / spread).square().sum(dim=2) + beyond / rest.square()
        return (squares.amin(dim=1) / features.shape[1]).sqrt()


def fit(features: Tensor, classes: Tensor, axes: int = AXES) -> Scope:
    """Scope of features (N, D) with classes (N,) of whole numbers; means and axes as half precision keeps them."""
    present = torch.unique(classes)
    means = torch.stack([features[classes == c].mean(dim=0) for c in present])
    within = features - means[torch.searchsorted(present, classes)]
    _, singular, directions = torch.linalg.svd(within, full_matrices=False)
    variances = singular.square() / len(within)
    count = min(axes, len(features) // 2)
    rest = variances[count:].sum() / (features.shape[1] - count)
    return Scope(means.half(), directions[:count].half(), variances[:count].sqrt(), rest.sqrt())
