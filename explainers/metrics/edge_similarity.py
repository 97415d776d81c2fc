"""**What it is.** How much the map, without its sign, looks like a plain edge detector (Sobel) that knows no model: the
rank correlation of the two. 1 means that pixels are in the same order, 0 that edges say nothing about the map.

**What it guarantees.** It is exact, and costs no pass. A map close to 1 could have been drawn without the model, so it
can't be proof of what the model does.

**When to distrust it.** A score near 0 does not make a map right: a random one has 0. A finding may be made of edges,
and then a right map follows them. Coarse, smooth maps tend to score low for their smoothness alone. That a map is like
edges from 0.6, on either side of 0, and no edge map below 0.3, are limits of this program, not of the paper.

**Reference.** Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim 2018, *Sanity checks for saliency maps*,
[arXiv:1810.03292](https://arxiv.org/abs/1810.03292), which compares maps with an edge detector.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import sobel

from core.params import Params
from explainers.metrics._ranks import rank_correlation
from explainers.metrics._registry import Measured, Question, measure


@measure(name="Similarity to edges", unit="rank correlation", better="nearer 0", reference="arXiv:1810.03292")
def edge_similarity(question: Question, params: Params, rng: torch.Generator) -> Measured:
    """The rank correlation of |heat| and the Sobel gradient of the mean of the channels; nan for an even picture."""
    gray = question.x[0].mean(0).numpy()
    edges = np.hypot(sobel(gray, axis=0), sobel(gray, axis=1))
    return Measured(rank_correlation(question.heat[question.visible].abs().numpy(), edges[question.visible.numpy()]))
