"""The same PGD by libraries: called as their documentation shows, with our settings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from core.classifier import Classifier
from core.values import Floats, Goal
from perturbations.pgd import PgdParams

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # foolbox asks SciPy for a name that is to go
    import foolbox
    import torchattacks
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier
    from captum import robust

Made = TypeVar("Made")


class TwoClasses(nn.Module):
    """The one logit z of a network as a softmax pair (0, z), which is all that the peers know."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        logits = self.network(x)
        return torch.cat([torch.zeros_like(logits), logits], dim=1)


def attack_peers(
    model: Classifier, pixels: Floats, goal: Goal, params: PgdParams
) -> Mapping[str, Callable[[], Floats]]:
    """{library: its PGD from pixels (N, C, h, w), which returns the last iterate}.

    torchattacks and Captum return it unseen; foolbox and ART ask the model about it, as ours does.
    """
    two, x, steps = TwoClasses(model.network).eval(), torch.from_numpy(pixels), params.steps
    radius = params.epsilon / 255
    stride = params.step_size * radius / steps
    label = torch.full((len(pixels),), int(goal.direction == "hide"))  # the class to move away from
    in_torchattacks = torchattacks.PGD(two, eps=radius, alpha=stride, steps=steps, random_start=False)
    in_foolbox = foolbox.attacks.LinfPGD(abs_stepsize=stride, steps=steps, random_start=False)
    for_foolbox = foolbox.PyTorchModel(two, bounds=(0, 1))
    for_art = PyTorchClassifier(two, nn.CrossEntropyLoss(), pixels.shape[1:], nb_classes=2, clip_values=(0, 1))
    in_art = ProjectedGradientDescentPyTorch(for_art, eps=radius, eps_step=stride, max_iter=steps, verbose=False)
    in_captum = robust.PGD(two, nn.CrossEntropyLoss(reduction="none"), lower_bound=0, upper_bound=1)
    return {
        "torchattacks": lambda: in_torchattacks(x, label).numpy(),
        "foolbox": lambda: in_foolbox(for_foolbox, x, label, epsilons=radius)[1].numpy(),
        "ART": lambda: in_art.generate(pixels, label.numpy()),
        "captum.robust": lambda: in_captum.perturb(x, radius, stride, steps, label).numpy(),
    }


def quietly(task: Callable[[], Made]) -> Callable[[], Made]:
    """The same without the warnings of libraries about their own hooks and calls."""

    def run() -> Made:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return task()

    return run
