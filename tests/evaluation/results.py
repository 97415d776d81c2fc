"""Results made by hand, so that sentences and cautions have known numbers to speak of."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.values import (
    Attribution,
    Comparison,
    Floats,
    Goal,
    Norms,
    Perturbation,
    Prediction,
    Reached,
    Saved,
    Score,
    View,
)


def prediction(probability: float, threshold: float = 0.41) -> Prediction:
    p = np.array([probability], dtype=np.float32)
    return Prediction(("pneumonia",), np.log(p / (1 - p)), p, np.array([threshold], dtype=np.float32))


def attribution(heat: Floats | None = None, residual: float | None = None) -> Attribution:
    if heat is None:
        heat = np.arange(16, dtype=np.float32).reshape(4, 4)
    return Attribution("saliency", {}, 0, 0, heat, False, "logits / gray level", residual, 0.1)


def perturbation(
    method: str = "pgd",
    linf_255: float = 1.0,
    ssim: float = 0.99,
    l2: float = 0.1,
    reached: Reached | None = None,
    params: dict[str, Any] | None = None,
) -> Perturbation:
    pixels = np.full((1, 4, 4), 0.5, dtype=np.float32)
    return Perturbation(
        method=method,
        params={"epsilon": linf_255, "steps": 20} if params is None else params,
        goal=Goal(0, "hide"),
        seed=3,
        clean=pixels,
        perturbed=pixels,
        norms=Norms(linf_255, l2, 1.0, ssim),
        reached=reached or Reached(True, Saved(True, True)),
        queries=24,
        seconds=0.5,
    )


def change(overlap: float = 0.34, rank: float = 0.5) -> dict[str, Score]:
    return {
        "rank_correlation": Score(rank),
        "top_overlap": Score(overlap),
        "map_ssim": Score(0.7),
        "centroid_shift": Score(12.0, "px"),
    }


def comparison(
    before: float = 0.93,
    after: float = 0.12,
    noisy: float = 0.927,
    *,
    made: Perturbation | None = None,
    control: Perturbation | None = None,
    maps: tuple[Attribution, Attribution, Attribution] | None = None,
    explanation_change: dict[str, Score] | None = None,
    control_change: dict[str, Score] | None = None,
) -> Comparison:
    made = made or perturbation()
    clean_map, perturbed_map, noisy_map = maps or (attribution(), attribution(), attribution())
    return Comparison(
        target=0,
        perturbation=made,
        control=control or perturbation("uniform_noise", made.norms.linf_255, l2=made.norms.l2),
        clean=View(prediction(before), clean_map),
        perturbed=View(prediction(after), perturbed_map),
        controlled=View(prediction(noisy), noisy_map),
        explanation_change=explanation_change or change(),
        control_change=control_change or change(0.97),
        cautions=(),
    )
