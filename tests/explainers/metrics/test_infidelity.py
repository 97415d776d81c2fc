"""The true contributions of a linear model foretell every drop; nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explainers._baselines import baseline_image
from explainers.metrics.infidelity import InfidelityParams, unexplained
from tests.explainers.metrics.asking import ask, pixels_of
from tests.toys import linear_classifier


@pytest.mark.parametrize("fill", ["black", "blurred"])
@pytest.mark.parametrize("channels", [1, 3])
def test_contributions_in_any_unit_have_none(fill: str, channels: int) -> None:
    model = linear_classifier(channels, size=16)
    x = pixels_of(model)
    added = (model.network.weight * (x - baseline_image(fill, x)))[0].sum(0)
    for unit in (1, 1000):
        assert ask("infidelity", unit * added, InfidelityParams(fill=fill), model=model, x=x).value < 1e-6
    assert ask("infidelity", -added, InfidelityParams(fill=fill), model=model, x=x).value == 1
    noise = torch.rand(16, 16, generator=torch.Generator().manual_seed(1))
    assert ask("infidelity", noise, InfidelityParams(fill=fill), model=model, x=x).value > 0.3


def test_scaling_by_hand() -> None:
    foretold, true = np.array([1.0, 2.0]), np.array([2.0, 1.0])
    assert unexplained(foretold, true) == pytest.approx(1 - 16 / 25)  # at 4/5 the errors are 1.2 and -0.6
    assert unexplained(foretold, -true) == 1
    assert unexplained(np.zeros(2), true) == 1
    assert np.isnan(unexplained(foretold, np.zeros(2)))
