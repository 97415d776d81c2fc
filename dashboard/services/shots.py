"""Taking the shots of a lesson: the picture as it is or changed, what a model says of it, and what that depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from skimage.filters import sobel

from core.classifier import Classifier
from core.progress import Report
from core.values import Attribution, Caution, Floats, Geometry, Mask, Perturbation, Prediction
from dashboard.services import pictures
from dashboard.services.cases import Entry, bundled
from dashboard.services.jobs import Cancel
from dashboard.services.lessons import EDGES, Shot
from dashboard.services.loading import load_classifier
from defenses import defend
from evaluation.cautions import case_cautions, perturbation_cautions
from evaluation.control import controlled
from evaluation.goals import goal_of
from evaluation.regions import in_model_frame
from evaluation.session import fitted
from evaluation.suitability import admit
from explainers import EXPLAINERS, explain
from explainers._randomized import with_random_weights
from imaging.overlay import magnified
from perturbations import PERTURBATIONS, perturb

TARGET = 0  # the models of the lessons know one finding each
SEARCHING = 0.6  # share of the bar for the change, the rest is for the map


@dataclass(frozen=True, eq=False)
class Taken:
    """A shot and what came of it.

    pixels (C, h, w) in the model frame; change: how they became what they are, in this shot or the one it is made from;
    regions {name: (h, w) bool} of the case in the model frame; picture and magnified_change: data URIs.
    """

    shot: Shot
    pixels: Floats
    prediction: Prediction
    attribution: Attribution
    change: Perturbation | None
    geometry: Geometry
    regions: Mapping[str, Mask]
    cautions: tuple[Caution, ...]
    picture: str
    magnified_change: str = ""
    magnification: int = 1


def take(shot: Shot, taken: Mapping[str, Taken], report: Report, cancel: Cancel) -> Taken:
    """Take a shot, once those that it needs are taken. Raises what perturb() and explain() raise, and NotSuitable."""
    entry = entry_of(shot)
    model = load_classifier(shot.model, lambda share: report(0.0), cancel)
    if shot.random_layers:
        model = with_random_weights(model, shot.random_layers, shot.seed)
    else:
        admit(entry.case, model)
    if shot.defense:
        model = defend(shot.defense, model, seed=shot.seed)
    fit = fitted(entry.case, model.card)
    before = taken.get(shot.of)
    change = _change(shot, model, before.pixels if before else fit.pixels, taken, report, cancel)
    if change is None and before is not None:
        change = before.change
    pixels = change.perturbed if change else fit.pixels
    prediction = model.predict(pixels)
    attribution = _map(shot, model, pixels, report, cancel)
    doubts = () if before else case_cautions(entry.case, model.card, prediction, TARGET)
    if shot.perturbation and change is not None:
        doubts = perturbation_cautions(change)
    made = Taken(
        shot=shot,
        pixels=pixels,
        prediction=prediction,
        attribution=attribution,
        change=change,
        geometry=fit.geometry,
        regions={name: in_model_frame(region, fit.geometry) for name, region in entry.case.regions.items()},
        cautions=doubts,
        picture=entry.picture,
    )
    return _drawn(made, entry, fit.pixels) if change else made


def entry_of(shot: Shot) -> Entry:
    """The bundled case of a shot."""
    return next(entry for entry in bundled() if entry.slug == shot.case)


def _change(
    shot: Shot, model: Classifier, start: Floats, taken: Mapping[str, Taken], report: Report, cancel: Cancel
) -> Perturbation | None:
    def part(share: float) -> None:
        report(SEARCHING * share)

    if shot.noise_like:
        change = taken[shot.noise_like].change
        assert change is not None, "the noise is like that of a shot that is changed"
        return controlled(model, change, report=part, cancel=cancel)
    if not shot.perturbation:
        return None
    goal = goal_of(shot.perturbation, model.predict(start), TARGET, shot.direction)
    params = PERTURBATIONS[shot.perturbation].params(**shot.params)
    made = perturb(shot.perturbation, model, start, goal, params, seed=shot.seed, report=part, cancel=cancel)
    return replace(made, trajectory=())  # megabytes that no lesson shows


def _map(shot: Shot, model: Classifier, pixels: Floats, report: Report, cancel: Cancel) -> Attribution:
    if shot.explainer == EDGES:
        heat = sobel(pixels.mean(axis=0)).astype(np.float32) * model.card.input.visible  # type: ignore[no-untyped-call]
        return Attribution(EDGES, {}, TARGET, shot.seed, heat, signed=False, unit="", residual=None, seconds=0.0)
    params = EXPLAINERS[shot.explainer].params(**shot.explainer_params)

    def part(share: float) -> None:
        report(SEARCHING + (1 - SEARCHING) * share)

    return explain(shot.explainer, model, pixels, TARGET, params, seed=shot.seed, report=part, cancel=cancel)


def _drawn(made: Taken, entry: Entry, clean: Floats) -> Taken:
    picture = pictures.overlaid(pictures.shown(entry.case), made.pixels - clean, made.geometry)
    change, factor = magnified(clean, made.pixels)
    return replace(
        made,
        picture=pictures.picture(entry.case, picture),
        magnified_change=pictures.png(change.transpose(1, 2, 0)),
        magnification=factor,
    )
