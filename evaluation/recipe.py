"""Everything needed to compute a result again, as plain values, the same for the app and the command line."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.classifier import Classifier
from core.values import Attribution, Case, Mask, Perturbation
from evaluation.regions import rectangle_of, region_of
from imaging.geometry import geometry_of


def recipe(
    case: Case,
    model: Classifier,
    *,
    attribution: Attribution | None = None,
    perturbation: Perturbation | None = None,
) -> dict[str, Any]:
    """{"case", "model", "weights_sha256", "point"} and, where given, target and seed, and each method with its
    parameters.

    The case is named by its content, never by a file. A comparison follows from its clean map and its perturbation.
    A method that was confined to a rectangle has its "region", see rectangle_of().
    """

    def confined(region: Mask | None) -> dict[str, Any]:
        if region is None:
            return {}
        geometry = geometry_of(case.pixels, model.card.input)
        rectangle = rectangle_of(region, geometry)
        return {"region": list(rectangle)} if np.array_equal(region_of(rectangle, geometry), region) else {}

    card, made = model.card, {"case": case.id, **model_recipe(model)}
    for part in (attribution, perturbation):
        if part is not None:
            target = part.target if isinstance(part, Attribution) else part.goal.target
            made |= {"target": card.labels[target], "seed": part.seed}
    if attribution is not None:
        params = dict(attribution.params)
        made["explainer"] = {"key": attribution.method, "params": params, **confined(attribution.region)}
    if perturbation is not None:
        direction, params = perturbation.goal.direction, dict(perturbation.params)
        made["perturbation"] = {
            "key": perturbation.method,
            "direction": direction,
            "params": params,
            **confined(perturbation.region),
        }
    return made


def model_recipe(model: Classifier) -> dict[str, Any]:
    """{"model", "weights_sha256", "point"}: the part that names the model and its operating point."""
    card = model.card
    return {
        "model": card.key,
        "weights_sha256": card.sha256,
        "point": model.point or next(iter(card.operating_points)),
    }
