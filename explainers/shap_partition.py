"""**What it is.** The picture is halved, the halves are halved again, and so on. The difference between the raw score
(the logit) of the picture and that of a baseline without content is shared out: first between the halves, then within
each, by what a part adds on average when it joins the others (its Owen value). The parts that move the score most are
halved first, until the pictures to try are used up. Positive: this part raises the score. Negative: it lowers it.

**What it guarantees.** Completeness: all values add up to the logit of the picture minus that of the baseline, however
early it stops. The same on every run.

**When to distrust it.** The parts are rectangles, cut without regard to what the picture shows; within one, nothing can
be told apart, and a large one is not an even one. Every value is relative to the baseline. Most of the combinations
that are tried look like no picture the model has learned from.

**Reference.** Owen 1977, *Values of games with a priori unions*,
[doi:10.1007/978-3-642-45494-3_7](https://doi.org/10.1007/978-3-642-45494-3_7), as in the *partition explainer* of
Lundberg, Lee 2017, [arXiv:1705.07874](https://arxiv.org/abs/1705.07874).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.classifier import Classifier
from core.params import Params, param
from core.values import Floats, Mask
from explainers._baselines import BASELINES, baseline_image
from explainers._registry import explainer

BATCH = 16

Tree = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ShapPartitionParams(Params):
    """How many pictures, and what covers."""

    evaluations: int = param(512, "Most partly covered pictures to try.", low=BATCH, high=2048, step=BATCH)
    baseline: str = param("blurred", "What a covered part shows.", choices=BASELINES)


class Masker:
    """Shows SHAP the picture (C, h, w) with some of its visible (h, w) pixels taken from baseline; the tree is that of
    its own masker of images, over pixels and not over their channels. What can't be seen goes with the first pixel."""

    immutable_outputs = True

    def __init__(self, shap: ModuleType, picture: Floats, baseline: Floats, visible: Mask) -> None:
        self.picture, self.baseline, self.visible = picture, baseline, visible
        self.shape = 1, int(visible.sum())
        self.clustering = _pruned(shap.maskers.Image(np.zeros((*visible.shape, 1))).clustering, visible.ravel())

    def __call__(self, seen: Mask, _row: Floats) -> tuple[Floats]:
        shown = np.full(self.visible.shape, seen[0])
        shown[self.visible] = seen
        return (np.where(shown, self.picture, self.baseline)[None],)

    def mask_shapes(self, _row: Floats) -> list[tuple[int]]:
        """One value for each visible pixel."""
        return [self.shape[1:]]


@explainer(
    name="SHAP partition",
    signed=True,
    unit="logits",
    reference="arXiv:1705.07874",
    passes=lambda params, _shape: 2 + params.evaluations,
    baseline=lambda x, params, _rng: baseline_image(params.baseline, x),
)
def shap_partition(
    model: Classifier, x: Tensor, target: int, params: ShapPartitionParams, rng: torch.Generator
) -> Tensor:
    """x (1, C, h, w) -> Owen value (h, w) of each pixel; where SHAP stopped early, its part's, spread evenly."""
    shap, visible = _imported(), model.card.input.visible
    masker = Masker(shap, x[0].numpy(), baseline_image(params.baseline, x)[0].numpy(), visible)

    def logits(pictures: Floats) -> Floats:
        values: Floats = model(torch.from_numpy(pictures))[:, target].numpy()
        return values

    with _same_ties():
        row = shap.PartitionExplainer(logits, masker).explain_row(
            np.zeros(1),
            max_evals=2 + params.evaluations // 2 * 2,  # it asks in pairs
            main_effects=False,
            error_bounds=False,
            outputs=None,
            silent=True,
            batch_size=BATCH,
        )
    heat = np.zeros(visible.shape, dtype=np.float32)
    heat[visible] = row["values"].ravel()
    return torch.from_numpy(heat)


def _pruned(tree: Tree, kept: Mask) -> Tree:
    """tree (M - 1, 4) over leaves, kept (M,): each row joins two of the leaves 0 to M - 1 and the rows M on, and says
    how many leaves it holds. The same tree without the leaves that are not kept."""
    if kept.all():
        return tree
    leaves, names, rows = int(kept.sum()), np.where(kept, kept.cumsum() - 1, -1).tolist(), list[list[float]]()
    sizes = [1] * leaves
    for left, right, distance, _size in tree.tolist():
        one, other = names[int(left)], names[int(right)]
        if one < 0 or other < 0:
            names.append(max(one, other))
            continue
        names.append(leaves + len(rows))
        sizes.append(sizes[one] + sizes[other])
        rows.append([one, other, distance, sizes[-1]])
    return np.array(rows)


@contextmanager
def _same_ties() -> Iterator[None]:
    """SHAP breaks ties by NumPy's global generator: it starts from a fixed seed here, and is given back as it was."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


@cache
def _imported() -> ModuleType:
    """Brings pandas, numba and matplotlib along: seconds that only this method needs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # of matplotlib, for a call of SHAP's
        import shap
    module: ModuleType = shap
    return module
