"""The rules by which a lesson's questions are answered and its claims are checked, from live results alone.

Each looks at some shots and comes to one of its outcomes, with a sentence that quotes the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.values import Perturbation
from dashboard.services.lessons import Claim
from dashboard.services.shots import TARGET, Taken
from dashboard.state import worded
from evaluation.control import change_255
from evaluation.similarity import strongest, top_overlap
from evaluation.words import finding, fraction, gray_levels, level, percent
from explainers.metrics import rank_correlation
from perturbations import PERTURBATIONS, Threat

MOST, SOME = 0.6, 0.25  # of a map's strongest tenth
TWICE = 2.0
UNSEEN, SEEN = 1.0, 8.0  # largest change of a pixel, in gray levels of 255
FLOAT_SLACK = 1e-3  # gray levels


@dataclass(frozen=True)
class Found:
    """What a rule came to, and the sentence that says so."""

    outcome: str
    words: str


@dataclass(frozen=True)
class Rule:
    """function takes as many shots as given, in order, and the options of a claim."""

    outcomes: tuple[str, ...]
    shots: int
    function: Callable[..., Found]


RULES: dict[str, Rule] = {}


def check(claim: Claim, taken: Mapping[str, Taken]) -> Found:
    """What the rule of a claim says of its shots."""
    return RULES[claim.rule].function(*(taken[name] for name in claim.of), **claim.options)


def rule(shots: int, *outcomes: str) -> Callable[[Callable[..., Found]], Callable[..., Found]]:
    """Register a rule under the name of its function."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        RULES[function.__name__] = Rule(outcomes, shots, function)
        return function

    return register


@rule(1, "flagged", "passed")
def decision(shot: Taken) -> Found:
    """What the model says."""
    outcome = "flagged" if _flags(shot) else "passed"
    said = "flags it" if _flags(shot) else "does not flag it"
    limit = percent(shot.prediction.thresholds[TARGET])
    return Found(outcome, f"The model gives {_label(shot)} {_percent(shot)} and {said} (flagged from {limit}).")


@rule(2, "flips", "holds")
def flips(before: Taken, after: Taken) -> Found:
    """Whether the decision on the second picture is another."""
    outcome = "holds" if _flags(before) == _flags(after) else "flips"
    limit = percent(after.prediction.thresholds[TARGET])
    return Found(
        outcome,
        f"{_course(before, after)}: the decision {outcome} (flagged from {limit}).",
    )


@rule(4, "first", "second", "both", "neither")
def which_flips(before_1: Taken, after_1: Taken, before_2: Taken, after_2: Taken) -> Found:
    """Which of two changes flips the decision."""
    first, second = flips(before_1, after_1), flips(before_2, after_2)
    outcome = _which(first.outcome == "flips", second.outcome == "flips")
    return Found(outcome, f"{after_1.shot.title}: {first.words} {after_2.shot.title}: {second.words}")


@rule(2, "stays", "partly", "moves")
def map_moves(before: Taken, after: Taken) -> Found:
    """How much of the first map's strongest tenth is also in that of the second; unrelated maps share a tenth."""
    kept = top_overlap(before.attribution.heat, after.attribution.heat)
    if np.isnan(kept):
        return Found("moves", "One of the two maps shows nothing that stands out, so they share nothing.")
    order = rank_correlation(before.attribution.heat, after.attribution.heat)
    words = (
        f"The two maps share {100 * kept:.0f} % of their strongest tenth (unrelated maps about 10 %); "
        f"their rank correlation is {order:.2f}."
    )
    return Found(_share(kept, "stays", "partly", "moves"), words)


@rule(1, "mostly", "partly", "hardly")
def in_region(shot: Taken, region: str) -> Found:
    """How much of a map's strongest tenth lies in a region of the case."""
    inside, covered = _inside(shot, shot.regions[region]), float(shot.regions[region].mean())
    words = (
        f"{fraction(inside).capitalize()} of the map's strongest tenth ({100 * inside:.0f} %) lies in the region "
        f'"{region}", which covers {100 * covered:.0f} % of the picture.'
    )
    return Found(_share(inside, "mostly", "partly", "hardly"), words)


@rule(2, "mostly", "partly", "hardly")
def in_change(shot: Taken, clean: Taken) -> Found:
    """How much of a map's strongest tenth lies where the picture was changed."""
    changed = np.abs(shot.pixels - clean.pixels).max(axis=0) > 0
    inside = _inside(shot, changed)
    words = (
        f"{100 * inside:.0f} % of the map's strongest tenth lies on the changed pixels, "
        f"which are {100 * changed.mean():.1f} % of the picture."
    )
    return Found(_share(inside, "mostly", "partly", "hardly"), words)


@rule(2, "first", "second", "alike")
def stronger(first: Taken, second: Taken) -> Found:
    """Which map reaches the higher values, by a factor of two at least."""
    peaks = [float(np.abs(shot.attribution.heat).max()) for shot in (first, second)]
    unit = worded(first.attribution.unit)
    return Found(
        _by_far(*peaks),
        f"The highest value is {peaks[0]:.2g} {unit} ({first.shot.title}) and {peaks[1]:.2g} {unit} "
        f"({second.shot.title}).",
    )


@rule(1, "unseen", "small", "plain")
def size(shot: Taken) -> Found:
    """How large the largest change of a pixel is: at most one gray level, at most eight, or more."""
    norms = _change(shot).norms
    largest = norms.linf_255
    outcome = "unseen" if largest <= UNSEEN + FLOAT_SLACK else "small" if largest <= SEEN + FLOAT_SLACK else "plain"
    return Found(
        outcome,
        f"{shot.shot.title}: no pixel changes by more than {level(largest)}/255 ({gray_levels(largest)}); the likeness "
        f"of the pictures (SSIM) is {norms.ssim:.3f}, where 1 is identical.",
    )


@rule(2, "first", "second", "alike")
def larger(first: Taken, second: Taken) -> Found:
    """Which picture was changed more, by a factor of two at least (root mean square over all pixels)."""
    sizes = [change_255(_change(shot), "rms") for shot in (first, second)]
    return Found(
        _by_far(*sizes),
        f"On average (RMS), {first.shot.title} moved a pixel by {level(sizes[0])} and {second.shot.title} by "
        f"{level(sizes[1])} gray levels of 255.",
    )


@rule(2, "first", "second", "both", "neither")
def aimed(first: Taken, second: Taken) -> Found:
    """Which picture somebody changed in order to mislead the model."""
    outcome = _which(_is_attack(first), _is_attack(second))
    said = " ".join(f"{shot.shot.title} is {_maker(shot)}" for shot in (first, second))
    return Found(outcome, said)


@rule(1, "file", "jpeg", "lost")
def survives(shot: Taken) -> Found:
    """Whether the goal is still reached by the saved picture: with 8 bits and as JPEG, with 8 bits only, or not."""
    left = _change(shot).reached.saved
    assert left is not None, "a lesson's pictures are saved too"
    outcome = ("jpeg" if left.jpeg else "file") if left.eight_bit else "lost"
    saved = {True: "still there", False: "gone"}
    return Found(
        outcome,
        f"The effect is {saved[left.eight_bit]} after saving with 8 bits, and {saved[left.jpeg]} after saving as JPEG.",
    )


def _by_far(first: float, second: float) -> str:
    low, high = sorted((first, second))
    return "alike" if high < TWICE * low else ("first" if first == high else "second")


def _flags(shot: Taken) -> bool:
    return bool(shot.prediction.positive[TARGET])


def _percent(shot: Taken) -> str:
    return percent(shot.prediction.probabilities[TARGET])


def _label(shot: Taken) -> str:
    return finding(shot.prediction.labels[TARGET])


def _course(before: Taken, after: Taken) -> str:
    first, second = _percent(before), _percent(after)
    return f"{_label(after)} stays at {second}" if first == second else f"{_label(after)} goes from {first} to {second}"


def _which(first: bool, second: bool) -> str:
    return ("both" if second else "first") if first else ("second" if second else "neither")


def _share(share: float, most: str, some: str, little: str) -> str:
    return most if share >= MOST else some if share >= SOME else little


def _inside(shot: Taken, region: Any) -> float:
    top = strongest(shot.attribution.heat)
    return float(region[top].mean()) if top.any() else 0.0


def _change(shot: Taken) -> Perturbation:
    assert shot.change is not None, f"{shot.shot.name} is a shot that is changed"
    return shot.change


def _is_attack(shot: Taken) -> bool:
    attacks = {Threat.WHITE_BOX, Threat.BLACK_BOX, Threat.POISONING}
    return PERTURBATIONS[_change(shot).method].threat in attacks


def _maker(shot: Taken) -> str:
    method = PERTURBATIONS[_change(shot).method]
    return f"{method.name}: {method.threat.value[:1].lower()}{method.threat.value[1:]}"
