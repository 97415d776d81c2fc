"""Signs, in what was measured of a model, that it hides its gradients and is less robust than it looks.

Each is an attack that should do no better than another and does, on the same pictures of the test split, or one of a
visible size that still fails (Athalye, Carlini, Wagner 2018, arXiv:1802.00420). It counts where chance would do as much
in less than one of twenty test splits: of the pictures on which only one of two attacks misleads, each would have half
(McNemar's exact test, one-sided). Each comparison is tested by itself, and its sentence says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations

import numpy as np
from scipy.special import bdtrc, expit

from core.params import Value
from core.values import Caution, Mask, ModelCard, Perturbation
from model_zoo.evidence import TEST, Array, Evidence, Stress, evidence_of
from perturbations import PERTURBATIONS, Threat

LARGE = 8.0  # /255, from which an attack that knows the network should mislead on every picture
SPARED = 0.05  # share that it may leave right all the same
LEVEL = 0.05  # of each test


def evidence_cautions(card: ModelCard, perturbation: Perturbation) -> tuple[Caution, ...]:
    """What the evidence of the model says against a failure of this search by gradients."""
    evidence = evidence_of(card.key)
    by_gradients = PERTURBATIONS[perturbation.method].threat is Threat.WHITE_BOX
    measured = evidence is not None and evidence.sha256 == card.sha256 and TEST in evidence.sets
    if evidence is None or not measured or not by_gradients or perturbation.reached.as_float:
        return ()
    return tuple(
        Caution("decision", f"{sign} Failure of a search by gradients says little about this model.")
        for sign in masking_signs(card, evidence) or ()
    )


def masking_signs(card: ModelCard, evidence: Evidence) -> tuple[str, ...] | None:
    """Each sign as a sentence; None where no attack without gradients was tried beside one of equal size with them."""
    sized = [stress for stress in evidence.stress if PERTURBATIONS[stress.method].norm == "linf"]
    attacks = [stress for stress in sized if _threat(stress) in (Threat.WHITE_BOX, Threat.BLACK_BOX)]
    pairs = list(permutations(attacks, 2))
    if not any(_blind(weaker, stronger) for weaker, stronger in pairs):
        return None
    return tuple(_signs(card, evidence, pairs, attacks))


def _signs(
    card: ModelCard, evidence: Evidence, pairs: list[tuple[Stress, Stress]], attacks: list[Stress]
) -> Iterator[str]:
    compared = [(weaker, stronger, why) for weaker, stronger in pairs if (why := _why_weaker(weaker, stronger))]
    visible = [each for each in attacks if _threat(each) is Threat.WHITE_BOX and _epsilon(each) >= LARGE]
    tests = len(compared) + len(visible)
    for weaker, stronger, why in compared:
        shared = np.intersect1d(weaker.pictures, stronger.pictures)
        first, second = (_right(card, evidence, stress, shared) for stress in (weaker, stronger))
        better, worse = int((second & ~first).sum()), int((first & ~second).sum())
        chance = _at_least(better, better + worse, 0.5)
        if chance < LEVEL:
            yield (
                f"{_named(weaker)} {why}, and yet, of {len(shared)} pictures, misleads on {better} where that one "
                f"fails and fails on {worse} where that one misleads ({_said(chance, tests)})."
            )
    for stress in visible:
        left = _right(card, evidence, stress, stress.pictures)
        chance = _at_least(int(left.sum()), len(left), SPARED)
        if chance < LEVEL:
            yield (
                f"{_named(stress)} still leaves {left.sum()} of {len(left)} pictures right at a visible size, more "
                f"than {100 * SPARED:.0f} % ({_said(chance, tests)})."
            )


def _at_least(successes: int, trials: int, share: float) -> float:
    """Probability of so many successes or more, where each trial has this chance."""
    return float(bdtrc(successes - 1, trials, share))


def _said(chance: float, tests: int) -> str:
    return f"p = {chance:.2g}, in one of {tests} tests"


def _why_weaker(weaker: Stress, stronger: Stress) -> str:
    """Why the first should mislead on no more pictures than the second; "" where it need not."""
    other = PERTURBATIONS[stronger.method].name
    if _blind(weaker, stronger):
        return f"sees only answers, unlike {other}"
    if _threat(weaker) is not _threat(stronger) or _threat(weaker) is not Threat.WHITE_BOX:
        return ""
    if _epsilon(weaker) == _epsilon(stronger) and _steps(weaker) < _steps(stronger):
        return f"takes fewer steps than {other}"
    rest = [{**_settings(stress), "epsilon": None} for stress in (weaker, stronger)]
    if weaker.method == stronger.method and _epsilon(weaker) < _epsilon(stronger) and rest[0] == rest[1]:
        return f"may change less than at {_epsilon(stronger):g}/255"
    return ""


def _blind(weaker: Stress, stronger: Stress) -> bool:
    threats = _threat(weaker), _threat(stronger)
    return threats == (Threat.BLACK_BOX, Threat.WHITE_BOX) and _epsilon(weaker) == _epsilon(stronger)


def _threat(stress: Stress) -> Threat:
    return PERTURBATIONS[stress.method].threat


def _settings(stress: Stress) -> Mapping[str, Value]:
    return {**PERTURBATIONS[stress.method].params().as_dict(), **stress.params}


def _epsilon(stress: Stress) -> float:
    return float(_settings(stress)["epsilon"])


def _steps(stress: Stress) -> int:
    return int(_settings(stress).get("steps", 1))


def _named(stress: Stress) -> str:
    return f"{PERTURBATIONS[stress.method].name} at {_epsilon(stress):g}/255"


def _right(card: ModelCard, evidence: Evidence, stress: Stress, pictures: Array) -> Mask:
    """Whether each of pictures, in ascending order, is answered rightly in spite of the attack."""
    _, chosen, _ = np.intersect1d(stress.pictures, pictures, return_indices=True)
    called = expit(stress.perturbed[chosen] / card.scale) >= card.thresholds()[0]
    found: Mask = called == evidence.sets[TEST].truth[stress.pictures[chosen]]
    return found
