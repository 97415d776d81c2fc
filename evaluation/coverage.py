"""What a model says at a coverage the user picks, by split conformal prediction: yes, no, or "can't tell"."""

from __future__ import annotations

from scipy.special import expit

from core.values import ModelCard
from evaluation.words import finding
from model_zoo.conformal import Answer, Conformal
from model_zoo.evidence import VALIDATION, evidence_of

COVERAGES = (0.8, 0.9, 0.95, 0.99)  # from which the user picks


def conformal_of(card: ModelCard) -> Conformal | None:
    """Fitted on what was measured on validation pictures; None where that is not known, or of which label it is."""
    evidence = evidence_of(card.key)
    if evidence is None or VALIDATION not in evidence.sets or len(card.labels) > 1:
        return None
    validation = evidence.sets[VALIDATION]
    return Conformal.fit(expit(validation.logits / card.scale), validation.truth)


def answer_in_words(answer: Answer, label: str) -> str:
    """ "flags pneumonia", "does not flag pneumonia" or "can't tell"."""
    said: dict[Answer, str] = {
        "present": f"flags {finding(label)}",
        "absent": f"does not flag {finding(label)}",
        "unsure": "can't tell",
    }
    return said[answer]
