"""Reasons not to believe a number, computed from the results themselves.

Caution.about is the number concerned: "prediction", "decision", "control", "size", "explanation" or "truth".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from core.values import Attribution, Case, Caution, Comparison, ModelCard, Perturbation, Prediction
from evaluation.control import change_255, size_of
from evaluation.similarity import kept
from evaluation.words import finding, level, percent
from explainers.metrics import is_constant
from imaging.overlay import has_evidence
from perturbations import PERTURBATIONS, Threat

NEAR_THRESHOLD = 0.05  # probability
FEW_STEPS = 10
ONE_STEP = ("fgsm", "rfgsm")  # attacks that follow one gradient, and stay where it is zero
FEW_DRAWS = 10  # of a random defense, over which an attacker takes the mean
VISIBLE_LINF = 8.0  # /255
VISIBLE_SSIM = 0.9
CONTROL_TOLERANCE = 0.05  # relative difference of size
COMPLETENESS_GAP = 0.05  # relative to the explained difference of logits


def comparison_cautions(comparison: Comparison) -> tuple[Caution, ...]:
    """What to doubt about a comparison, in the order of the screen."""
    views = {
        "clean image": comparison.clean,
        "perturbed image": comparison.perturbed,
        "image with noise": comparison.controlled,
    }
    return (
        *prediction_cautions(comparison.clean.prediction, comparison.target),
        *perturbation_cautions(comparison.perturbation),
        *control_cautions(
            comparison.perturbation, comparison.control, comparison.clean.prediction, comparison.controlled.prediction
        ),
        *map_cautions({name: view.attribution for name, view in views.items()}, compared=True),
    )


def case_cautions(case: Case, card: ModelCard, prediction: Prediction, target: int) -> tuple[Caution, ...]:
    """What to doubt because of what is known of the case; prediction is that on the clean image."""
    return tuple(_case_cautions(case, card, prediction, target))


def prediction_cautions(prediction: Prediction, target: int) -> tuple[Caution, ...]:
    """What to doubt about the prediction on the clean image."""
    probability, threshold = float(prediction.probabilities[target]), float(prediction.thresholds[target])
    if abs(probability - threshold) >= NEAR_THRESHOLD:
        return ()
    reason = (
        f"The clean image is close to the decision point ({percent(probability)}, flagged from {percent(threshold)}): "
    )
    return (Caution("prediction", reason + "small changes of any kind can flip it."),)


def perturbation_cautions(perturbation: Perturbation) -> tuple[Caution, ...]:
    """What to doubt about the success or failure of a perturbation, and about its size."""
    return tuple(_perturbation_cautions(perturbation))


def control_cautions(
    perturbation: Perturbation, control: Perturbation, clean: Prediction, controlled: Prediction
) -> tuple[Caution, ...]:
    """What to doubt because of the control; clean and controlled are the predictions without and with its noise."""
    return tuple(_control_cautions(perturbation, control, clean, controlled))


def defense_cautions(*, random: bool, averaged: int, known: bool) -> tuple[Caution, ...]:
    """What to doubt about an attack on a defended model.

    random: the defense draws anew at each pass; averaged: over how many draws the attacker took the mean of a gradient;
    known: whether the attacker took the defense into account at all.
    """
    return tuple(_defense_cautions(random, averaged, known))


def map_cautions(maps: Mapping[str, Attribution], *, compared: bool = False) -> tuple[Caution, ...]:
    """What to doubt about maps {image in words: its map}; what holds for several is said once. compared: it is asked
    how they differ."""
    return tuple(_map_cautions(maps, compared=compared))


def completeness_gap(attribution: Attribution) -> float | None:
    """|residual| relative to the difference of logits that the map should add up to; None for other methods."""
    if attribution.residual is None:
        return None
    explained = float(attribution.heat.sum(dtype=np.float64)) - attribution.residual
    if attribution.residual == 0:
        return 0.0
    return abs(attribution.residual) / abs(explained) if explained else math.inf


def _case_cautions(case: Case, card: ModelCard, prediction: Prediction, target: int) -> Iterator[Caution]:
    label = card.labels[target]
    truth = case.truth.get(label)
    if truth is None:
        yield Caution("truth", "The true state is unknown: these numbers can't say which answer is right.")
    elif truth != prediction.positive[target]:
        state = "is" if truth else "is not"
        yield Caution("truth", f"The model is wrong on the clean image already: {finding(label)} {state} there.")


def _perturbation_cautions(perturbation: Perturbation) -> Iterator[Caution]:
    method, norms, reached = PERTURBATIONS[perturbation.method], perturbation.norms, perturbation.reached
    steps = int(perturbation.params.get("steps", 1))
    masked = _masked(perturbation)
    if masked:
        yield Caution("decision", masked)
    elif norms.linf_255 == 0:
        where = " inside the marked region" if perturbation.region is not None else ""
        yield Caution("size", f"Nothing was changed: these parameters leave the image as it is{where}.")
    elif not reached.as_float and method.threat is Threat.WHITE_BOX and steps < FEW_STEPS:
        searched = "one gradient step was" if steps == 1 else f"{steps} gradient steps were"
        yield Caution("decision", f"Only {searched} tried: a longer search may still reach the goal at this size.")
    if perturbation.region is not None and not reached.as_float:
        share = percent(float(perturbation.region.mean()))
        yield Caution("decision", f"Only the marked region could change ({share} of the picture the model sees).")
    lost = "The decision flips" if method.threat is Threat.EXPLANATION else "The effect is lost"
    saved = reached.saved if reached.as_float else None
    if saved and not saved.eight_bit:
        yield Caution("decision", f"{lost} when the image, at the size the model sees, is saved with 8 bits.")
    elif saved and not saved.jpeg:
        yield Caution("decision", f"{lost} when the image is saved as JPEG (quality 95).")
    if (method.norm == "linf" and norms.linf_255 > VISIBLE_LINF) or norms.ssim < VISIBLE_SSIM:
        size = f"up to {level(norms.linf_255)}/255, structural similarity {norms.ssim:.2f}"
        yield Caution("size", f"A reader may see this change ({size}): it says nothing about invisible ones.")


def _masked(perturbation: Perturbation) -> str:
    """A sign that a search by gradients failed because they are hidden, not because there is nothing to find
    (arXiv:1802.00420); "" where there is none."""
    method, way = PERTURBATIONS[perturbation.method], perturbation.trajectory
    searched = method.threat is Threat.WHITE_BOX and perturbation.params.get("epsilon") != 0
    if perturbation.reached.as_float or not searched:
        return ""
    moved = any(not np.array_equal(step.perturbed, way[0].perturbed) for step in way)
    if not moved and (len(way) > 1 or (method.key in ONE_STEP and perturbation.norms.linf_255 == 0)):
        return (
            "The search could not move: the gradient is zero at this picture. A model that hides its gradients is not "
            "robust; try an attack without gradients."
        )
    best = int(np.argmin([perturbation.goal.loss(step.logits[None])[0] for step in way])) if way else 0
    if len(way) > FEW_STEPS and best <= 1:
        return (
            f"None of {len(way) - 1} gradient steps after the first came nearer to the goal: gradients may mislead "
            "here. Try a smaller step, or an attack without gradients."
        )
    if method.norm == "linf" and perturbation.norms.linf_255 > VISIBLE_LINF:
        return (
            "Even a change that a reader may see does not reach the goal: either the search is too weak, or the model "
            "hides its gradients. Try more steps, or an attack without gradients."
        )
    return ""


def _control_cautions(
    perturbation: Perturbation, control: Perturbation, clean: Prediction, controlled: Prediction
) -> Iterator[Caution]:
    target = perturbation.goal.target
    if clean.positive[target] != controlled.positive[target]:
        yield Caution("control", "Random noise of the same size flips the decision too: this flip takes no skill.")
    size = size_of(perturbation.method)
    wanted, found = change_255(perturbation, size), change_255(control, size)
    if abs(found - wanted) > CONTROL_TOLERANCE * wanted:
        yield Caution("control", f"The noise is not of the same size: {level(found)}/255, not {level(wanted)}/255.")


def _defense_cautions(random: bool, averaged: int, known: bool) -> Iterator[Caution]:
    if random:
        yield Caution("decision", "The defense draws at random: the same picture may get another answer next time.")
    if not known:
        yield Caution("decision", "The attacker did not know of the defense: one who does may still reach the goal.")
    elif random and averaged < FEW_DRAWS:
        draws = "one draw" if averaged == 1 else f"{averaged} draws"
        reason = f"The defense is random, and the attacker followed {draws} of it at each step"
        yield Caution("decision", f"{reason}: the mean over many may still reach the goal.")


def _map_cautions(maps: Mapping[str, Attribution], *, compared: bool) -> Iterator[Caution]:
    moved = ": how it moved is undefined" if compared else ""
    empty = [image for image, made in maps.items() if not has_evidence(made)]
    even = [image for image, made in maps.items() if has_evidence(made) and is_constant(kept(made))]
    gaps = {image: completeness_gap(made) or 0.0 for image, made in maps.items()}
    gaps = {image: gap for image, gap in gaps.items() if gap > COMPLETENESS_GAP}
    if empty:
        yield Caution("explanation", f"{_map_of(empty)} shows no evidence at all{moved}.")
    if even:
        yield Caution("explanation", f"{_map_of(even)} is the same everywhere{moved}.")
    if gaps:
        largest = max(gaps.values())
        share = f"up to {100 * largest:.0f} %" if largest < 1 else "over 100 %"
        helped = any("max_steps" in made.params for image, made in maps.items() if image in gaps)
        advice = ": more steps help" if helped else ""
        yield Caution("explanation", f"{_map_of(gaps)} misses the logit difference by {share}{advice}.")


def _map_of(images: Iterable[str]) -> str:
    return f"The map of the {' and the '.join(images)}"
