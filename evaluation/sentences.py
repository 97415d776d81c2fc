"""What a comparison found, in sentences made from its numbers alone, in two registers that share those numbers."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from core.values import Comparison, Perturbation, Prediction, Score
from evaluation.control import control_caption, size_of
from evaluation.goals import wanted
from evaluation.words import MEASURES, finding, fraction, gray_levels, in_sentence, level, percent, points
from imaging.overlay import has_evidence
from perturbations import PERTURBATIONS

BY_CHANCE = 0.1  # overlap of maps without relation

Register: TypeAlias = Literal["Plain", "Technical"]


def sentences(comparison: Comparison, register: Register = "Plain") -> str:
    """What the perturbation did to the prediction and to the map, and what equal noise did."""
    if register == "Plain":
        return " ".join((_decision(comparison), _noise(comparison), _map(comparison)))
    return " ".join((_technical_decision(comparison), _technical_noise(comparison), _technical_map(comparison)))


def _decision(comparison: Comparison) -> str:
    target, name = comparison.target, PERTURBATIONS[comparison.perturbation.method].name
    before, after = comparison.clean.prediction, comparison.perturbed.prediction
    first, second = percent(before.probabilities[target]), percent(after.probabilities[target])
    label = finding(before.labels[target])
    if first == second:
        change = f"the model stays at {label} {first}"
    else:
        change = f"the model changes from {label} {first} to {second}"
    size = _size(comparison.perturbation)
    if comparison.flipped and wanted(comparison.perturbation) == "keep":
        opening = f"{name} was to leave the decision, and flips it: {f'{size}, ' if size else ''}{change}"
    elif comparison.flipped:
        verb = "hides" if before.positive[target] else "induces"
        opening = f"{name} {verb} the finding: {f'{size}, ' if size else ''}{change}"
    else:
        opening = f"With {in_sentence(name)}{f' {size}' if size else ''}, {change}"
    return f"{opening} and {_verdict(before, after, target)} (flagged from {percent(before.thresholds[target])})."


def _size(perturbation: Perturbation) -> str:
    if size_of(perturbation.method) == "rms":
        return ""
    largest = perturbation.norms.linf_255
    return f"at {level(largest)}/255, {gray_levels(largest)}"


def _verdict(before: Prediction, after: Prediction, target: int) -> str:
    if after.positive[target]:
        return "still flags it" if before.positive[target] else "now flags it"
    return "no longer flags it" if before.positive[target] else "still does not flag it"


def _noise(comparison: Comparison) -> str:
    target = comparison.target
    before, noisy = comparison.clean.prediction, comparison.controlled.prediction
    change = points(noisy.probabilities[target] - before.probabilities[target])
    flips = before.positive[target] != noisy.positive[target]
    return f"Random noise of the same size changes it by {change}{' and flips the decision too' if flips else ''}."


def _map(comparison: Comparison) -> str:
    kept, kept_by_noise = _measure(comparison, "top_overlap")
    if math.isnan(kept):
        before, after = (has_evidence(view.attribution) for view in (comparison.clean, comparison.perturbed))
        if before != after:
            return f"{'After' if before else 'Before'} the change, the map shows no evidence at all."
        return "How the map moved can't be said: before or after, it shows nothing that stands out."
    chance = " (no more than by chance)" if 0 < kept <= BY_CHANCE else ""
    sentence = f"{fraction(kept).capitalize()} of the map's strongest tenth stays in place{chance}"
    return sentence + ("." if math.isnan(kept_by_noise) else f", {fraction(kept_by_noise)} under the noise.")


def _measure(comparison: Comparison, key: str) -> tuple[float, float]:
    return comparison.explanation_change[key].value, comparison.control_change[key].value


def _technical_decision(comparison: Comparison) -> str:
    target, perturbation = comparison.target, comparison.perturbation
    before, after = comparison.clean.prediction, comparison.perturbed.prediction
    name, norms, reached = PERTURBATIONS[perturbation.method].name, perturbation.norms, perturbation.reached
    counted = {"float": reached.as_float}
    if reached.saved is not None:
        counted |= {"8-bit": reached.saved.eight_bit, "JPEG 95": reached.saved.jpeg}
    successes = ", ".join(f"{way} {'yes' if success else 'no'}" for way, success in counted.items())
    return (
        f"{name} (L-infinity {level(norms.linf_255)}/255, L2 {norms.l2:.3g}, SSIM {norms.ssim:.3f}, seed "
        f"{perturbation.seed}): logit {before.logits[target]:.2f} -> {after.logits[target]:.2f}, "
        f"p({before.labels[target]}) {_pair(before, after, target)}, threshold {before.thresholds[target]:.3f}, "
        f"decision {'flips' if comparison.flipped else 'stays'}; goal {wanted(perturbation)}: {successes}."
    )


def _technical_noise(comparison: Comparison) -> str:
    target = comparison.target
    before, noisy = comparison.clean.prediction, comparison.controlled.prediction
    flips = before.positive[target] != noisy.positive[target]
    caption = control_caption(comparison.perturbation)
    return f"Control, {caption}: p {_pair(before, noisy, target)}, decision {'flips' if flips else 'stays'}."


def _technical_map(comparison: Comparison) -> str:
    parts = [
        f"{in_sentence(MEASURES[key].technical)} {_number(score)} ({_number(comparison.control_change[key])})"
        for key, score in comparison.explanation_change.items()
    ]
    return f"Map against the clean one (control in parentheses): {', '.join(parts)}; chance overlap {BY_CHANCE:.2f}."


def _number(score: Score) -> str:
    return "undefined" if math.isnan(score.value) else f"{score.value:.2f} {score.unit}".rstrip()


def _pair(before: Prediction, after: Prediction, target: int) -> str:
    return f"{before.probabilities[target]:.3f} -> {after.probabilities[target]:.3f}"
