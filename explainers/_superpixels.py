"""The picture in pieces that follow its own edges, and what the model says when some of them are covered."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from core.classifier import Classifier

BATCH = 16
COMPACTNESS = 0.3
"""What the distance of a superpixel's side weighs against the full range of gray: clear edges win."""
SMOOTHING = 0.1
"""Standard deviation of a blur before cutting, as a share of a superpixel's side, so that noise makes no edges."""


def superpixels(x: Tensor, count: int, visible: Tensor) -> Tensor:
    """x (1, C, h, w), visible (h, w) bool -> (h, w) int64: the number of the piece that each pixel belongs to, from 0
    on. Pixels that the model can't see all count to the first.

    About count pieces of like size, connected where all can be seen (SLIC, Achanta et al. 2012,
    doi:10.1109/TPAMI.2012.120).
    """
    from skimage.segmentation import slic  # half a second that only the methods on superpixels need

    picture = x[0].permute(1, 2, 0).numpy(force=True)
    sigma = SMOOTHING * math.sqrt(x[0, 0].numel() / count)
    labels = slic(picture, count, COMPACTNESS, sigma=sigma, start_label=0, channel_axis=2, convert2lab=False)
    pieces = torch.zeros(visible.shape, dtype=torch.int64)
    pieces[visible] = torch.from_numpy(np.unique(labels[visible.numpy()], return_inverse=True)[1])
    return pieces


def coalition_logits(
    model: Classifier, x: Tensor, baseline: Tensor, pieces: Tensor, coalitions: Tensor, target: int
) -> Tensor:
    """Logits of target (N,) in float64, when x is seen in the pieces of each coalition (N, S) bool, and baseline in the
    others; x and baseline (1, C, h, w), pieces (h, w)."""
    batches = (batch[:, pieces][:, None] for batch in torch.split(coalitions, BATCH))
    return torch.cat([model(torch.where(batch, x, baseline))[:, target] for batch in batches]).double()
