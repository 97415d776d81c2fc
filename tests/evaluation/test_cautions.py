"""Each caution appears when it should, and only then."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from core.values import Case, Comparison, Goal, Norms, Perturbation, Reached, Saved, Step
from evaluation.cautions import (
    case_cautions,
    comparison_cautions,
    completeness_gap,
    defense_cautions,
    perturbation_cautions,
)
from perturbations import PERTURBATIONS, perturb
from tests.evaluation.results import attribution, comparison, perturbation, prediction
from tests.toys import linear_classifier

EMPTY = np.zeros((4, 4), dtype=np.float32)
FAILED = Reached(False, Saved(False, False))
EVEN = np.ones((4, 4), dtype=np.float32)


def test_what_saving_leaves_is_not_doubted_before_it_is_known() -> None:
    assert comparison_cautions(comparison(made=perturbation(reached=Reached(True, None)))) == ()


def test_a_clear_result_needs_no_caution() -> None:
    assert comparison_cautions(comparison()) == ()


@pytest.mark.parametrize(
    ("made", "about", "words"),
    [
        (comparison(before=0.45), "prediction", "close to the decision point (45 %, flagged from 41 %)"),
        (comparison(noisy=0.3), "control", "flips the decision too"),
        (
            comparison(made=perturbation(params={"steps": 5}, reached=Reached(False, Saved(False, False)))),
            "decision",
            "Only 5 gradient steps were tried",
        ),
        (
            comparison(made=perturbation("fgsm", params={}, reached=Reached(False, Saved(False, False)))),
            "decision",
            "Only one gradient step was tried",
        ),
        (comparison(made=perturbation(reached=Reached(True, Saved(False, False)))), "decision", "saved with 8 bits"),
        (comparison(made=perturbation(reached=Reached(True, Saved(True, False)))), "decision", "saved as JPEG"),
        (comparison(made=perturbation(linf_255=8.5)), "size", "up to 8.5/255, structural similarity 0.99"),
        (comparison(made=perturbation("motion_blur", 60.0, 0.89)), "size", "up to 60/255, structural similarity 0.89"),
        (comparison(made=perturbation("jpeg", 0.0, 1.0, 0.0)), "size", "Nothing was changed"),
        (
            comparison(control=perturbation("uniform_noise", 0.9)),
            "control",
            "not of the same size: 0.9/255, not 1.0/255",
        ),
        (
            comparison(maps=(attribution(), attribution(EMPTY), attribution())),
            "explanation",
            "perturbed image shows no evidence",
        ),
        (comparison(maps=(attribution(EVEN), attribution(), attribution())), "explanation", "the same everywhere"),
        (
            comparison(maps=(attribution(), attribution(), attribution(EVEN * 0.1 + np.eye(4, dtype="f4"), 0.5))),
            "explanation",
            "The map of the image with noise misses the logit difference by up to 10 %",
        ),
    ],
)
def test_caution(made: Comparison, about: str, words: str) -> None:
    (caution,) = comparison_cautions(made)
    assert caution.about == about
    assert words in caution.reason


@pytest.mark.parametrize(
    "made",
    [
        comparison(before=0.47),
        comparison(made=perturbation(params={"steps": 10}, reached=Reached(False, Saved(False, False)))),
        comparison(
            made=perturbation("jpeg", 40.0, params={"severity": 3}, reached=Reached(False, Saved(False, False)))
        ),
        comparison(made=perturbation(linf_255=8.0, ssim=0.91)),
        comparison(maps=(attribution(residual=5.0), attribution(), attribution())),  # 5 of 115 logits
    ],
)
def test_no_caution_just_beside_the_limit(made: Comparison) -> None:
    assert comparison_cautions(made) == ()


def test_completeness_gap() -> None:
    heat = np.full((2, 2), 0.5, dtype=np.float32)
    assert completeness_gap(attribution(heat, residual=0.4)) == pytest.approx(0.4 / 1.6)
    assert completeness_gap(attribution(heat, residual=-0.4)) == pytest.approx(0.4 / 2.4)
    assert completeness_gap(attribution(heat)) is None
    assert completeness_gap(attribution(heat, residual=2.0)) == np.inf


def test_truth() -> None:
    card = dataclasses.replace(linear_classifier().card, labels=("pneumonia",))
    flagged = prediction(0.9)
    case = Case("0" * 16, "case", "cxr", np.zeros((4, 4, 1), dtype=np.float32), truth={"pneumonia": True})

    def cautions(**changes: object) -> list[tuple[str, str]]:
        changed = dataclasses.replace(case, **changes)  # type: ignore[arg-type]
        return [(caution.about, caution.reason) for caution in case_cautions(changed, card, flagged, 0)]

    assert cautions() == []
    assert cautions(truth={"pneumonia": False}) == [
        ("truth", "The model is wrong on the clean image already: pneumonia is not there.")
    ]
    ((about, unknown),) = cautions(truth={})
    assert (about, unknown.split(":")[0]) == ("truth", "The true state is unknown")


def searched(losses: list[float], moves: bool = True, **changes: Any) -> Perturbation:
    """A search by gradients that passed through pictures with these logits of a finding to hide, and failed."""
    pictures = [np.full((1, 4, 4), 0.5 + moves * i / 255, dtype=np.float32) for i in range(len(losses))]
    way = tuple(Step(x, np.array([loss], dtype=np.float32)) for x, loss in zip(pictures, losses, strict=True))
    return dataclasses.replace(perturbation(reached=FAILED), trajectory=way, **changes)


FALLING = [5.0 - 0.1 * i for i in range(21)]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (searched([5.0] * 21, moves=False), "the gradient is zero"),
        (perturbation("fgsm", 0.0, params={"epsilon": 1.0}, reached=FAILED), "the gradient is zero"),
        (searched([5.0, 4.0, *[4.5] * 19]), "None of 20 gradient steps after the first came nearer"),
        (searched([5.0] * 21, norms=Norms(0.0, 0.0, 0.0, 1.0)), "None of 20 gradient steps"),
        (searched(FALLING, norms=Norms(12.0, 1.0, 1.0, 0.95)), "Even a change that a reader may see"),
    ],
)
def test_signs_of_hidden_gradients(made: Perturbation, words: str) -> None:
    about, reason = next((c.about, c.reason) for c in perturbation_cautions(made) if "gradients" in c.reason)
    assert about == "decision"
    assert words in reason


@pytest.mark.parametrize(
    "made",
    [
        searched(FALLING),
        searched([5.0, 4.0, *[4.5] * 19], reached=Reached(True, Saved(True, True))),
        perturbation("fgsm", 0.0, params={"epsilon": 0.0}, reached=FAILED),
        perturbation("exposure", 12.0, params={}, reached=FAILED),
    ],
)
def test_no_sign_of_hidden_gradients(made: Perturbation) -> None:
    assert not [c for c in perturbation_cautions(made) if "hides" in c.reason or "mislead" in c.reason]


@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_a_model_without_gradients_is_found_out(method: str) -> None:
    """Rounding inside a model leaves a gradient of zero everywhere, though a search without gradients succeeds."""
    model = linear_classifier().through(torch.round)
    pixels = np.full((1, 16, 16), 0.45, dtype=np.float32)
    goal = Goal.against(model.predict(pixels), 0)
    params = PERTURBATIONS[method].params(epsilon=16.0)
    made = perturb(method, model, pixels, goal, params)
    assert any("the gradient is zero" in caution.reason for caution in perturbation_cautions(made))
    assert perturb("square", model, pixels, goal, PERTURBATIONS["square"].params(epsilon=16.0)).reached.as_float


def test_a_defense_that_the_attacker_does_not_know_or_follows_once() -> None:
    (unknown,) = defense_cautions(random=False, averaged=1, known=False)
    assert "did not know of the defense" in unknown.reason
    chance, once = defense_cautions(random=True, averaged=1, known=True)
    assert "may get another answer next time" in chance.reason
    assert "followed one draw of it" in once.reason
    _, few = defense_cautions(random=True, averaged=9, known=True)
    assert "followed 9 draws of it" in few.reason
    assert defense_cautions(random=True, averaged=10, known=True) == (chance,)
    assert defense_cautions(random=False, averaged=1, known=True) == ()
