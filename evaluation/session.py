"""From a case and a model to a comparison: the one road that the app and the command line both take."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import NotRequired, TypedDict, Unpack

from core.classifier import Classifier
from core.errors import UnknownName
from core.params import Params
from core.progress import Report
from core.values import Case, Comparison, Direction, Floats, Geometry, ModelCard, View
from defenses import DefenseMethod
from evaluation.cautions import case_cautions, defense_cautions
from evaluation.compare import compare
from evaluation.masking import evidence_cautions
from evaluation.regions import Place, Rectangle, mask_of, region_of
from evaluation.suitability import admit
from imaging.geometry import geometry_of, to_model


class Settings(TypedDict):
    """The arguments of compare() that a user chooses."""

    target: int
    explainer: str
    explainer_params: NotRequired[Params | None]
    perturbation: str
    perturbation_params: NotRequired[Params | None]
    direction: NotRequired[Direction | None]
    attacked: NotRequired[Classifier | None]
    seed: NotRequired[int]
    clean: NotRequired[View | None]
    saving: NotRequired[bool]
    on_clean: NotRequired[Callable[[View], object] | None]
    report: NotRequired[Report | None]
    cancel: NotRequired[threading.Event | None]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A case as the model sees it: pixels (C, h, w), their geometry, and mm per model pixel (row, column) if known."""

    pixels: Floats
    geometry: Geometry
    mm_per_pixel: tuple[float, float] | None


def fitted(case: Case, card: ModelCard) -> Fitted:
    """The case in the frame of the model with this card."""
    geometry = geometry_of(case.pixels, card.input)
    mm_per_pixel = None
    if case.spacing_mm is not None:
        mm_per_pixel = case.spacing_mm[0] * geometry.scale[0], case.spacing_mm[1] * geometry.scale[1]
    return Fitted(to_model(case.pixels, geometry, card.input.channels), geometry, mm_per_pixel)


def compare_case(
    case: Case,
    model: Classifier,
    *,
    anyway: bool = False,
    defense: DefenseMethod | None = None,
    attack_region: Place | None = None,
    attack_outside: bool = False,
    explain_region: Rectangle | None = None,
    **settings: Unpack[Settings],
) -> Comparison:
    """compare() on the fitted case, with the cautions that the case itself gives.

    defense is what already stands before the model, if anything. attack_region and explain_region (x0, y0, x1, y1) are
    in shares of the width and height of the case; attack_region may also be the name of one of its regions, or BORDER,
    and with attack_outside all but that may change. Raises NotSuitable before anything is computed where the case is
    not one for the model, unless it is to be shown anyway, InputError for a region that it does not have or that the
    model does not see, and what compare() raises.
    """
    doubts = admit(case, model, anyway=anyway)
    fit = fitted(case, model.card)
    comparison = compare(
        model,
        fit.pixels,
        attack_region=mask_of(attack_region, case, fit.geometry, model.card.input, outside=attack_outside),
        explain_region=region_of(explain_region, fit.geometry),
        mm_per_pixel=fit.mm_per_pixel,
        **settings,
    )
    own = case_cautions(case, model.card, comparison.clean.prediction, comparison.target)
    if defense is None:
        search = evidence_cautions(model.card, comparison.perturbation)
    else:
        averaged = int(comparison.perturbation.params.get("averaged", 1))
        search = defense_cautions(random=defense.random, averaged=averaged, known=settings.get("attacked") is None)
    return dataclasses.replace(comparison, cautions=(*doubts, *own, *comparison.cautions, *search))


def target_of(card: ModelCard, label: str | None) -> int:
    """Index of a label, by default the first; raises UnknownName listing what there is."""
    if label is None:
        return 0
    if label not in card.labels:
        raise UnknownName(
            f"Target {label!r}", f"is not among the labels of {card.key}", f"Choose: {', '.join(card.labels)}."
        )
    return card.labels.index(label)
