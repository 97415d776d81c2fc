"""Clean beside perturbed, and both beside random noise of equal size: predictions, maps, and how far they moved."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator

from core.classifier import Classifier
from core.params import Params
from core.progress import Report
from core.values import Attribution, Comparison, Direction, Floats, Mask, View
from evaluation.cautions import comparison_cautions
from evaluation.control import controlled
from evaluation.goals import goal_of
from evaluation.progress import part
from evaluation.similarity import explanation_change
from explainers import EXPLAINERS, explain
from perturbations import PERTURBATIONS, perturb

CHECKING_PASSES = 3  # perturb() counts success three times


def compare(
    model: Classifier,
    pixels: Floats,
    *,
    target: int,
    explainer: str,
    explainer_params: Params | None = None,
    perturbation: str,
    perturbation_params: Params | None = None,
    direction: Direction | None = None,
    attacked: Classifier | None = None,
    attack_region: Mask | None = None,
    explain_region: Mask | None = None,
    seed: int = 0,
    mm_per_pixel: tuple[float, float] | None = None,
    clean: View | None = None,
    saving: bool = True,
    on_clean: Callable[[View], object] | None = None,
    report: Report | None = None,
    cancel: threading.Event | None = None,
) -> Comparison:
    """Compare pixels (C, h, w) in [0, 1], in the model frame, with what perturbation makes of them.

    target is the index of the explained and attacked label; direction None flips the decision as it stands; an attack
    on the map keeps it, whatever the direction. params None are the method's own. attacked is the model that
    perturbation works on, where it is not the one whose answers count: one without the defense that the attacker does
    not know of. attack_region (h, w) bool holds the only pixels that perturbation and noise may change, explain_region
    those where the maps are kept; None means all. mm_per_pixel (row, column) is the size of a model pixel where known.
    All three maps share the seed. clean is what is said of the clean image, where that is known; else on_clean gets it
    before any is perturbed. saving: whether success is also counted on what saving leaves. report gets the share of the
    whole that is done. Raises UnknownName, InputError, Unsupported, ParameterError, BrokenPromise, and
    Cancelled at the next pass once cancel is set.
    """
    explaining, perturbing = EXPLAINERS[explainer], PERTURBATIONS[perturbation]
    explaining.require(model.offers)
    perturbing.require((attacked or model).offers)
    for region in (attack_region, explain_region):
        model.check_region(region)
    model, attacked = model.recalling(), attacked and attacked.recalling()
    explainer_params = explainer_params or explaining.params()
    perturbation_params = perturbation_params or perturbing.params()
    shape = pixels.shape[0], pixels.shape[1], pixels.shape[2]
    map_passes = explaining.passes(explainer_params, shape)
    search_passes = perturbing.passes(perturbation_params, shape)
    checking = CHECKING_PASSES if saving else 1
    searches, maps = (search_passes + checking, checking), [map_passes] * (3 if clean is None else 2)
    reports = _consecutive(report, *maps[2:], *searches, *maps[:2])

    def mapped(image: Floats) -> Attribution:
        return explain(
            explainer,
            model,
            image,
            target,
            explainer_params,
            seed=seed,
            region=explain_region,
            report=next(reports),
            cancel=cancel,
        )

    if clean is None:
        clean = View(attribution=mapped(pixels), prediction=model.predict(pixels))
        if on_clean is not None:
            on_clean(clean)
    goal = goal_of(perturbation, clean.prediction, target, direction)
    changed = perturb(
        perturbation,
        attacked or model,
        pixels,
        goal,
        perturbation_params,
        judge=model,
        seed=seed,
        region=attack_region,
        saving=saving,
        report=next(reports),
        cancel=cancel,
    )
    control = controlled(model, changed, saving=saving, report=next(reports), cancel=cancel)
    images = changed.perturbed, control.perturbed
    predictions = [model.predict(image) for image in images]  # before maps are made: they are still known
    perturbed, noisy = (View(said, mapped(image)) for said, image in zip(predictions, images, strict=True))
    comparison = Comparison(
        target=target,
        perturbation=changed,
        control=control,
        clean=clean,
        perturbed=perturbed,
        controlled=noisy,
        explanation_change=explanation_change(clean.attribution, perturbed.attribution, mm_per_pixel),
        control_change=explanation_change(clean.attribution, noisy.attribution, mm_per_pixel),
        cautions=(),
    )
    return dataclasses.replace(comparison, cautions=comparison_cautions(comparison))


def _consecutive(report: Report | None, *passes: int) -> Iterator[Report | None]:
    """One report for each of several computations in a row, which together report the share of all passes done."""
    done = 0
    for expected in passes:
        yield part(report, done / sum(passes), expected / sum(passes))
        done += expected
