"""Names and shapes as they stand on every screen."""

from __future__ import annotations

from collections.abc import Mapping

from core.values import Modality, Perturbation, Prediction, Role
from dashboard.services.finished import Request
from defenses import DEFENSES
from evaluation.control import control_caption
from evaluation.regions import Place
from evaluation.words import in_sentence
from perturbations import PERTURBATIONS, PerturbationMethod, Threat

FILLED, HOLLOW = "●", "○"
UNKNOWN = "the defense is unknown to the attacker"
KINDS: Mapping[Role, str] = {
    "standard": "standard model",
    "robust": "robust twin",
    "regularized": "twin with small gradients",
    "distilled": "distilled twin, a broken defense",
    "foreign": "model from elsewhere",
    "backdoored": "planted fault, for teaching only",
    "surrogate": "surrogate, the attacker's model",
}
THREATS: Mapping[Threat, str] = {
    Threat.WHITE_BOX: "Attack, white-box",
    Threat.BLACK_BOX: "Attack, black-box",
    Threat.EXPLANATION: "Attack on the map",
    Threat.ARTIFACT: "Clinical artifact",
    Threat.CONTROL: "Random control",
    Threat.POISONING: "Planted fault",
}
USUAL = {Threat.WHITE_BOX: "pgd", Threat.BLACK_BOX: "square", Threat.ARTIFACT: "motion_blur"}


def shape(prediction: Prediction, target: int) -> str:
    """Filled when the model flags the finding, hollow when it does not."""
    return FILLED if prediction.positive[target] else HOLLOW


def where(place: Place | None, *, outside: bool = False) -> str:
    """A part of a case, "inside the rectangle" or "outside the lungs"; empty for all of it."""
    if place is None:
        return ""
    return f"{'outside' if outside else 'inside'} the {place if isinstance(place, str) else 'rectangle'}"


def fitting(key: str | None, modality: Modality) -> PerturbationMethod:
    """The perturbation of this key, or where it is none for this kind of picture, the usual one of the same kind."""
    method = PERTURBATIONS[key] if key else PERTURBATIONS[USUAL[Threat.WHITE_BOX]]
    return method if modality in method.modalities else PERTURBATIONS[USUAL.get(method.threat, USUAL[Threat.WHITE_BOX])]


def behind(request: Request) -> str:
    """What stands before the model, and whether the attacker knows; empty where nothing does."""
    if not request.defense:
        return ""
    unknown = " The attacker does not know of it." if request.unaware else ""
    return f"A defense stands before the model: {in_sentence(DEFENSES[request.defense].name)}.{unknown}"


def noise(perturbation: Perturbation, *, technical: bool) -> str:
    """The control of a perturbation; technical names the norm and its value."""
    return control_caption(perturbation) if technical else "noise of the same size"
