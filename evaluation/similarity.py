"""How far an explanation moved: four measures between two heat maps (h, w) of one model, method and target.

Each looks at another thing: order of all pixels, place of the strongest ones, local structure, center. None says that a
map is right. A map that is the same everywhere has no order, no strongest part and no center: every measure is
then NaN, which means undefined. Of maps that were kept in a region only, the region is all that is compared: outside,
they agree by construction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from skimage.metrics import structural_similarity

from core.values import Attribution, Floats, Mask, Score
from explainers.metrics import is_constant, rank_correlation
from imaging.overlay import shared_scale

TOP = 0.1


def explanation_change(
    before: Attribution, after: Attribution, mm_per_pixel: tuple[float, float] | None
) -> Mapping[str, Score]:
    """{measure: Score}, with the shift in mm only where mm_per_pixel (row, column) in the model frame is known.

    Both maps were kept in the same region.
    """
    nothing = np.zeros_like(before.heat)  # says as little about shape and center as a map that is even in its region
    first, second = (nothing if is_constant(kept(made)) else made.heat for made in (before, after))
    low, high = shared_scale([before, after])
    change = {
        "rank_correlation": Score(rank_correlation(kept(before), kept(after)), better="higher"),
        "top_overlap": Score(top_overlap(kept(before), kept(after)), better="higher"),
        "map_ssim": Score(map_ssim(first, second, high - low, before.region), better="higher"),
        "centroid_shift": Score(centroid_shift(first, second), "px", better="lower"),
    }
    if mm_per_pixel is not None:
        change["centroid_shift_mm"] = Score(centroid_shift(first, second, mm_per_pixel), "mm", better="lower")
    return change


def kept(attribution: Attribution) -> Floats:
    """The heat (h, w), or (n,) of the n pixels of its region."""
    return attribution.heat if attribution.region is None else attribution.heat[attribution.region]


def top_overlap(before: Floats, after: Floats) -> float:
    """Share in [0, 1] of the strongest tenth that both maps have in common; maps without relation reach 0.1.

    Top-k intersection of Ghorbani et al. 2019, Interpretation of neural networks is fragile, arXiv:1710.10547. Over the
    larger of the two sets, since they may differ in size (see strongest).
    """
    if is_constant(before) or is_constant(after):
        return math.nan
    first, second = strongest(before), strongest(after)
    return float((first & second).sum() / max(first.sum(), second.sum()))


def strongest(heat: Floats) -> Mask:
    """(h, w) the tenth of the pixels with the largest magnitude: with all that tie with the last, without zeros."""
    magnitude = np.abs(heat)
    count = math.ceil(TOP * heat.size)
    least = np.partition(magnitude, -count, axis=None)[-count]
    mask: Mask = (magnitude >= least) & (magnitude > 0)
    return mask


def map_ssim(before: Floats, after: Floats, data_range: float, region: Mask | None = None) -> float:
    """Structural similarity in [-1, 1] on one scale for both maps, with Gaussian windows (Wang et al. 2004,
    doi:10.1109/TIP.2003.819861); the mean over windows that lie within the map, or are centered in region. Two sparse
    maps are alike where both are empty, so values are high."""
    if is_constant(before) or is_constant(after):
        return math.nan
    mean, local = structural_similarity(  # type: ignore[no-untyped-call]
        before.astype(np.float64),
        after.astype(np.float64),
        data_range=data_range,
        gaussian_weights=True,
        use_sample_covariance=False,
        full=True,
    )
    return float(mean if region is None else local[region].mean())


def centroid_shift(before: Floats, after: Floats, pixel_size: tuple[float, float] = (1.0, 1.0)) -> float:
    """Distance between the centers of mass of the magnitudes, in the unit of pixel_size (row, column)."""
    if is_constant(before) or is_constant(after):
        return math.nan
    return float(np.linalg.norm((centroid(after) - centroid(before)) * pixel_size))


def centroid(heat: Floats) -> npt.NDArray[np.float64]:
    """(row, column) of the center of mass of |heat|."""
    magnitude = np.abs(heat.astype(np.float64))
    mass = magnitude.sum()
    rows, columns = np.arange(heat.shape[0]), np.arange(heat.shape[1])
    center: npt.NDArray[np.float64] = np.array([magnitude.sum(1) @ rows, magnitude.sum(0) @ columns]) / mass
    return center
