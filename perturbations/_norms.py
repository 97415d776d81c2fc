"""Size of a change, in the units people speak of."""

from __future__ import annotations

import numpy as np
from skimage.metrics import structural_similarity

from core.values import Floats, Norms

SSIM_WINDOW = 7


def measure_norms(clean: Floats, perturbed: Floats) -> Norms:
    """Norms of perturbed - clean, both (C, h, w) in [0, 1], at least 3 pixels wide and high.

    A pixel counts as changed when any of its channels differs. SSIM (Wang et al. 2004,
    doi:10.1109/TIP.2003.819861) is the mean over channels, in windows of 7 x 7 pixels or the largest odd size that
    fits.
    """
    before, after = clean.astype(np.float64), perturbed.astype(np.float64)
    difference = after - before
    side = min(clean.shape[1:])
    similarity = structural_similarity(  # type: ignore[no-untyped-call]
        before, after, win_size=min(SSIM_WINDOW, side - 1 + side % 2), channel_axis=0, data_range=1.0
    )
    return Norms(
        linf_255=float(np.abs(difference).max() * 255),
        l2=float(np.linalg.norm(difference)),
        changed=float((difference != 0).any(axis=0).mean()),
        ssim=float(similarity),
    )
