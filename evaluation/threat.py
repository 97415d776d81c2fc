"""What a perturbation would be as a threat, in the terms of the survey (Qayyum et al. 2020, arXiv:2001.08103).

The card speaks of what the method stands for and was asked to do, not of whether it succeeded; that stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from core.values import Perturbation
from defenses import DEFENSES, DefenseMethod, Family
from evaluation.control import change_255
from perturbations import PERTURBATIONS, PerturbationMethod, Threat


class Influence(Enum):
    """Where an attacker acts."""

    CAUSATIVE = "causative: on the training data"
    EXPLORATORY = "exploratory: on the deployed model only"
    NONE = "none: nobody attacks"


class Violation(Enum):
    """What an attacker breaks. Privacy never is one here: nothing is drawn out of a model."""

    INTEGRITY = "integrity: it hides a finding (false negatives)"
    AVAILABILITY = "availability: it induces a finding (false positives)"
    NONE = "none: an accident, or a control"
    EXPLANATION = "none of the three: the map misleads, whatever the answer"


class Specificity(Enum):
    """Whom it hits."""

    TARGETED = "targeted: made for this picture"
    MARKED = "targeted: at pictures that carry the marker"
    INDISCRIMINATE = "indiscriminate: it fits any picture"


class Knowledge(Enum):
    """What an attacker knows of the network."""

    WHITE_BOX = "white-box: the network with its weights"
    BLACK_BOX = "black-box: what the network answers, or a model like it"
    NONE = "none of the network"


class Stage(Enum):
    """The five stages of a clinical pipeline."""

    COLLECTION = "data collection"
    ANNOTATION = "annotation"
    TRAINING = "training"
    DEPLOYMENT = "deployment"
    USE = "testing and use"


@dataclass(frozen=True)
class ThreatCard:
    """One run in the survey's terms.

    queries: images sent through the model; largest_255 and rms_255: size of the change in gray levels (/255); ssim;
    psnr in decibels, infinite where nothing changed; remedies: keys of entries of the threat map, the likeliest first;
    defenses: keys of those that can be put before a model against it.
    """

    influence: Influence
    violation: Violation
    specificity: Specificity
    knowledge: Knowledge
    stage: Stage
    queries: int
    seconds: float
    largest_255: float
    rms_255: float
    ssim: float
    psnr: float
    remedies: tuple[str, ...]
    defenses: tuple[str, ...]


KNOWLEDGE: Mapping[Threat, Knowledge] = {
    Threat.WHITE_BOX: Knowledge.WHITE_BOX,
    Threat.EXPLANATION: Knowledge.WHITE_BOX,
    Threat.BLACK_BOX: Knowledge.BLACK_BOX,
}
STAGES: Mapping[Threat, Stage] = {Threat.POISONING: Stage.TRAINING, Threat.ARTIFACT: Stage.COLLECTION}
_EVASION = ("adversarial_training", "gradient_regularization", "input_reconstruction", "feature_squeezing")
REMEDIES: Mapping[Threat, tuple[str, ...]] = {
    Threat.WHITE_BOX: (*_EVASION, "detection"),
    Threat.BLACK_BOX: (*_EVASION, "masking_the_model", "detection"),
    Threat.EXPLANATION: ("adversarial_training", "gradient_regularization", "several_metrics"),
    Threat.POISONING: ("raw_data", "repeated_tests", "feature_masking"),
    Threat.CONTROL: ("input_reconstruction",),
    Threat.ARTIFACT: ("raw_data", "monitoring", "domain_adaptation", "input_reconstruction"),
}

DEFENDING: Mapping[Threat, tuple[Family, ...]] = {
    Threat.WHITE_BOX: (Family.DATA, Family.MODEL, Family.AUXILIARY),
    Threat.BLACK_BOX: (Family.DATA, Family.MODEL, Family.AUXILIARY),
    Threat.EXPLANATION: (Family.DATA,),
    Threat.CONTROL: (Family.DATA,),
}


def threat_card(perturbation: Perturbation) -> ThreatCard:
    """The card of one run; raises UnknownName for a method that is not registered."""
    method = PERTURBATIONS[perturbation.method]
    threat, norms = method.threat, perturbation.norms
    return ThreatCard(
        influence=_influence(threat),
        violation=_violation(perturbation, threat),
        specificity=_specificity(method),
        knowledge=KNOWLEDGE.get(threat, Knowledge.NONE),
        stage=STAGES.get(threat, Stage.USE),
        queries=perturbation.queries,
        seconds=perturbation.seconds,
        largest_255=norms.linf_255,
        rms_255=change_255(perturbation, "rms"),
        ssim=norms.ssim,
        psnr=psnr(norms.l2, perturbation.clean.size),
        remedies=REMEDIES[threat],
        defenses=tuple(
            each.key for each in DEFENSES if each.family in DEFENDING.get(threat, ()) and _helps(each, threat)
        ),
    )


def psnr(l2: float, values: int) -> float:
    """Peak signal-to-noise ratio in decibels of a change of length l2 over so many values in [0, 1]."""
    return math.inf if l2 == 0 else 10 * math.log10(values / l2**2)


def _helps(defense: DefenseMethod, threat: Threat) -> bool:
    """Noise on the answers is nothing to whoever follows gradients."""
    return defense.key != "logit_noise" or threat is Threat.BLACK_BOX


def _influence(threat: Threat) -> Influence:
    if threat in (Threat.CONTROL, Threat.ARTIFACT):
        return Influence.NONE
    return Influence.CAUSATIVE if threat is Threat.POISONING else Influence.EXPLORATORY


def _violation(perturbation: Perturbation, threat: Threat) -> Violation:
    if threat is Threat.EXPLANATION:
        return Violation.EXPLANATION
    if threat in (Threat.CONTROL, Threat.ARTIFACT):
        return Violation.NONE
    hides = threat is Threat.POISONING or perturbation.goal.direction == "hide"
    return Violation.INTEGRITY if hides else Violation.AVAILABILITY


def _specificity(method: PerturbationMethod) -> Specificity:
    if method.threat is Threat.POISONING:
        return Specificity.MARKED
    fits_any = method.threat in (Threat.CONTROL, Threat.ARTIFACT) or "universal change" in method.needs
    return Specificity.INDISCRIMINATE if fits_any else Specificity.TARGETED
