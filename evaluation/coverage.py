"""What a model says at a coverage the user picks, by split conformal prediction: yes, no, or "can't tell"."""

from __future__ import annotations

from scipy.special import expit

from core.values import ModelCard
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


def answer_in_words(answer: Answer) -> str:
    """ "flagged", "not flagged" or "can't tell"."""
    said: dict[Answer, str] = {"present": "flagged", "absent": "not flagged", "unsure": "can't tell"}
    return said[answer]
