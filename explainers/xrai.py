"""**What it is.** The picture is cut along its own edges into regions, finely and coarsely at once. The picture is also
faded in from black and from white, as in integrated gradients, to find how much each pixel moves the raw score (the
logit). Then regions are taken one by one, always the one with the highest mean over what is still free, and each is
drawn at that mean. Positive: this region raised the score. Negative: it lowered it.

**What it guarantees.** It is the same on every run. Averaging within regions moves nothing from one region to another:
all values still add up to what integrated gradients found, half from black and half from white.

**When to distrust it.** The outlines come from the picture, not from the model: that a region follows the border of a
lesion does not mean that the model saw that border. Where a radiograph has no edges, the regions are arbitrary, and
what counts in a region may be a small part of it. The mean of a large region hides pixels that pull both ways. The
model has never learned from faded pictures.

**Reference.** Kapishnikov, Bolukbasi, Viégas, Terry 2019, *XRAI: better attributions through regions*,
[arXiv:1906.02825](https://arxiv.org/abs/1906.02825).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import binary_dilation, find_objects
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from core.params import Params, param
from explainers._registry import explainer

if TYPE_CHECKING:
    from scipy.sparse import csc_array  # this and the segmentation take most of a second that only this method needs

BATCH = 8
SCALES = (50, 100, 150, 250, 500, 1200)
"""Of Felzenszwalb's segmentation, from fine to coarse, as in the paper; of a picture from -1 to 1, as in the authors'
code."""
TINY = 1e-6
SMALLEST = 0.003
"""Area of the smallest region, as a share of the picture: 150 pixels at a side of 224."""
MARGIN = 0.022
"""By how much regions are widened to take in their own edges, as a share of the side: 5 pixels at 224."""
LEAST_GAIN = 0.001
"""What a region must add, as a share of the picture, to be taken: 50 pixels at a side of 224."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class XraiParams(Params):
    """How finely the paths are followed."""

    steps: int = param(
        32, "Gradients along each of the two paths, from black and from white.", low=BATCH, high=256, step=BATCH
    )


@explainer(
    name="XRAI",
    signed=True,
    unit="logits / pixel",
    reference="arXiv:1906.02825",
    passes=lambda params, _shape: 2 * params.steps,
    needs=("gradient",),
)
def xrai(model: Classifier, x: Tensor, target: int, params: XraiParams, rng: torch.Generator) -> Tensor:
    """x (1, C, h, w) -> mean contribution (h, w) per pixel of the region that a pixel was taken with."""
    contributions = _contributions(model, x, target, params.steps).numpy().astype(np.float64)
    visible, heat = model.card.input.visible, np.zeros(contributions.shape, dtype=np.float32)
    heat[visible] = _ranked(contributions[visible], _regions(x[0].numpy())[:, visible.ravel()])
    return torch.from_numpy(heat)


def _contributions(model: Classifier, x: Tensor, target: int, steps: int) -> Tensor:
    """Integrated gradients (h, w) from black and from white, averaged; midpoint rule."""
    black, white = torch.zeros_like(x), torch.ones_like(x)
    total = torch.zeros_like(x)
    for positions in torch.split((torch.arange(steps) + 0.5) / steps, BATCH):
        share = positions[:, None, None, None]
        path = torch.cat([baseline + share * (x - baseline) for baseline in (black, white)])
        gradient, _ = input_gradient(model, path, lambda z: z[:, target])
        from_black, from_white = torch.split(gradient, len(positions))
        total += ((x - black) * from_black + (x - white) * from_white).sum(0)
    return total[0].sum(0) / (2 * steps)


def _regions(pixels: npt.NDArray[np.float32]) -> csc_array:
    """pixels (C, h, w) -> (regions, h * w), 1 where a region is; the regions of all scales overlap."""
    from scipy.sparse import csc_array
    from skimage.segmentation import felzenszwalb

    side, (low, high) = min(pixels.shape[1:]), (pixels.min(), pixels.max())
    picture = (2 * (pixels - low) / max(high - low, TINY) - 1).transpose(1, 2, 0)
    margin, smallest = round(MARGIN * side), round(SMALLEST * picture[..., 0].size)

    def segmented(scale: float) -> npt.NDArray[np.int64]:
        labels: npt.NDArray[np.int64] = felzenszwalb(picture, scale, sigma=0.8, min_size=smallest, channel_axis=2) + 1
        return labels

    with ThreadPoolExecutor(torch.get_num_threads()) as at_once:
        segmentations = list(at_once.map(segmented, SCALES))
    members = []
    for labels in segmentations:
        for label, box in enumerate(find_objects(labels), start=1):
            wide = tuple(slice(max(0, part.start - margin), part.stop + margin) for part in box)
            region = np.zeros(labels.shape, dtype=np.bool_)
            region[wide] = _widened(labels[wide] == label, margin)
            members.append(np.flatnonzero(region))
    rows = np.repeat(np.arange(len(members)), [len(member) for member in members])
    columns = np.concatenate(members)
    return csc_array((np.ones(len(rows)), (rows, columns)), shape=(len(members), labels.size))


def _widened(region: npt.NDArray[np.bool_], margin: int) -> npt.NDArray[np.bool_]:
    """region (h, w), and all within margin pixels of it."""
    if margin == 0:
        return region
    across = np.arange(-margin, margin + 1)
    disk = across[:, None] ** 2 + across[None, :] ** 2 <= margin**2
    widened: npt.NDArray[np.bool_] = binary_dilation(region, disk)
    return widened


def _ranked(contributions: Values, regions: csc_array) -> Values:
    """contributions (P,), regions (R, P) -> for each pixel the mean over what its region added when it was taken.

    The rest, in pieces too small to be taken, gets its own mean.
    """
    heat, free = np.empty_like(contributions), np.ones(contributions.shape, dtype=np.bool_)
    least = max(1, round(LEAST_GAIN * contributions.size))
    sums, areas = regions @ contributions, regions @ np.ones_like(contributions)
    pixels_of = regions.tocsr()
    while (large := areas >= least).any():
        density = np.divide(sums, areas, out=np.full_like(sums, -np.inf), where=large)
        best = int(density.argmax())
        pixels = pixels_of.indices[pixels_of.indptr[best] : pixels_of.indptr[best + 1]]
        taken = pixels[free[pixels]]
        heat[taken], free[taken] = density[best], False
        sums -= regions[:, taken] @ contributions[taken]
        areas -= regions[:, taken] @ np.ones(len(taken))
    heat[free] = contributions[free].mean() if free.any() else 0
    return heat
