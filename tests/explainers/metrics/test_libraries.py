"""The same numbers as the libraries that everyone uses, on a network whose answers are not known by hand."""

from __future__ import annotations

import pytest
import torch
from captum.metrics import infidelity, sensitivity_max
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from torch import Tensor

from core.classifier import Classifier
from core.gradients import input_gradient
from explainers._baselines import baseline_image
from explainers.metrics.infidelity import InfidelityParams, _square
from explainers.metrics.max_sensitivity import MaxSensitivityParams
from explainers.metrics.road import filled, linked
from tests.explainers.metrics.asking import ask, pixels_of
from tests.toys import small_cnn_classifier


def times_input(model: Classifier, x: Tensor) -> Tensor:
    """(h, w) gradient times input."""
    return (input_gradient(model, x, lambda logits: logits[:, 0])[0] * x)[0].sum(0)


@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")
def test_holes_are_filled_as_pytorch_grad_cam_fills_them() -> None:
    rng = torch.Generator().manual_seed(0)
    x, kept = torch.rand(1, 3, 32, 32, generator=rng), torch.rand(32, 32, generator=rng) > 0.7
    wanted = NoisyLinearImputer(noise=0.0)(x[0], kept.float())
    made = filled(x, ~kept, linked(torch.ones(32, 32, dtype=torch.bool)))
    torch.testing.assert_close(made[0], wanted.float(), atol=1e-5, rtol=0)


def test_max_sensitivity_is_that_of_captum() -> None:
    model, rng = small_cnn_classifier(3), torch.Generator().manual_seed(0)
    x, params = pixels_of(model), MaxSensitivityParams(copies=6, radius=4.0)

    def noisy(inputs: Tensor) -> Tensor:
        """The copies that the measure draws, one by one."""
        drawn = [2 * torch.rand(x.shape, generator=rng) - 1 for _ in range(len(inputs))]
        return (inputs + torch.cat(drawn) * 4 / 255).clamp(0, 1)

    def maps(inputs: Tensor | tuple[Tensor]) -> tuple[Tensor]:
        """Captum asks with a tuple and with a tensor, and wants a tuple: else it broadcasts over the copies."""
        images = inputs[0] if isinstance(inputs, tuple) else inputs
        return (torch.stack([times_input(model, image[None]) for image in images]),)

    wanted = float(sensitivity_max(maps, x, noisy, n_perturb_samples=6))
    found = ask("max_sensitivity", times_input(model, x), params, model=model, x=x, again=times_input)
    assert found.value == pytest.approx(wanted, rel=1e-4)


def test_infidelity_is_that_of_captum_over_the_mean_square_of_the_drops() -> None:
    model, rng = small_cnn_classifier(1, seed=2), torch.Generator().manual_seed(0)
    x, params = pixels_of(model), InfidelityParams(squares=20)
    faded, drops = baseline_image("blurred", x), list[Tensor]()
    heat = (input_gradient(model, x, lambda logits: logits[:, 0])[0] * (x - faded))[0, 0]

    def fading(inputs: Tensor) -> tuple[Tensor, Tensor]:
        """The squares that the measure draws, one by one."""
        covers = torch.stack([_square(x.shape[2:], rng) for _ in range(len(inputs))])[:, None]
        pictures = inputs.lerp(faded, covers)
        drops.append((model(x) - model(pictures))[:, 0])
        return covers, pictures

    error = infidelity(
        lambda image: model(image)[:, 0], fading, x, heat[None, None], n_perturb_samples=20, normalize=True
    )
    wanted = float(error) / float(torch.cat(drops).square().mean())
    assert 0.01 < wanted < 0.99
    assert ask("infidelity", heat, params, model=model, x=x).value == pytest.approx(wanted, rel=1e-3)
