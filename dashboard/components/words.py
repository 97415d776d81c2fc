"""Names and shapes as they stand on every screen."""

from __future__ import annotations

from collections.abc import Mapping

from core.params import ParamSpec, Value
from core.registry import Method
from core.values import Perturbation, Prediction, Role
from evaluation.control import control_caption

FILLED, HOLLOW = "●", "○"
KINDS: Mapping[Role, str] = {
    "standard": "standard model",
    "robust": "robust twin",
    "foreign": "model from elsewhere",
    "backdoored": "planted fault, for teaching only",
    "surrogate": "surrogate, the attacker's model",
}


def shape(prediction: Prediction, target: int) -> str:
    """Filled when the model flags the finding, hollow when it does not."""
    return FILLED if prediction.positive[target] else HOLLOW


def noise(perturbation: Perturbation, *, technical: bool) -> str:
    """The control of a perturbation; technical names the norm and its value."""
    return control_caption(perturbation) if technical else "noise of the same size"


def settings(method: Method, values: Mapping[str, Value]) -> str:
    """ "epsilon 1/255, steps 20": parameters with their units, in the order of their declaration."""
    return ", ".join(_setting(spec, values[spec.name]) for spec in method.params.specs())


def _setting(spec: ParamSpec, value: Value) -> str:
    name = spec.name.replace("_", " ")
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return f"{name} {value:g}{spec.unit}" if isinstance(value, int | float) else f"{name} {value}"
