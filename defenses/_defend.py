"""defend(): checks, and puts a defense around a classifier."""

from __future__ import annotations

import torch

from core.classifier import Classifier
from core.params import Params
from defenses._registry import DEFENSES


def defend(key: str, model: Classifier, params: Params | None = None, *, seed: int = 0) -> Classifier:
    """The model behind the defense called key: predict, explain and perturb it like any other.

    Attacking the result is the attacker who knows the defense; attacking the model, and showing the picture to the
    result, is the one who does not. params default to the method's own. A random defense draws on from seed at each
    answer: for answers that repeat, defend anew. Surrogate and feature distance stay those of the model. Raises
    UnknownName, Unsupported and ParameterError.
    """
    method = DEFENSES[key]
    params = method.checked(params)
    method.require(model.offers)
    defended: Classifier = method.function(model, params, torch.Generator().manual_seed(seed))
    return defended
