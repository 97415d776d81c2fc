"""compare() on toy models: equal sizes, consistent flips, the same again under the same seed, progress and cancel."""

from __future__ import annotations

import copy
import dataclasses
import math
import threading

import numpy as np
import pytest

from core.classifier import Classifier
from core.errors import Cancelled, OutOfScope, UnknownName, Unsupported
from core.values import Case, Comparison, Floats, View
from evaluation.compare import compare
from evaluation.control import change_255
from evaluation.session import compare_case, fitted, target_of
from perturbations import PERTURBATIONS
from perturbations.fgsm import FgsmParams
from perturbations.pgd import PgdParams
from perturbations.uniform_noise import UniformNoiseParams
from tests.toys import linear_classifier, small_cnn_classifier, with_all_aids


@pytest.fixture(scope="module")
def model() -> Classifier:
    return small_cnn_classifier()


@pytest.fixture(scope="module")
def pixels() -> Floats:
    picture = np.random.default_rng(0).uniform(0.0, 1.0, (1, 32, 32)).astype(np.float32)
    picture[:, :, :8] = 0  # the black surround of a radiograph, where noise is cut off
    return picture


def test_an_attack_beside_noise_of_the_same_largest_change(model: Classifier, pixels: Floats) -> None:
    made = compare(model, pixels, target=0, explainer="saliency", perturbation="pgd", seed=4)
    assert made.control.norms.linf_255 == pytest.approx(made.perturbation.norms.linf_255, rel=0.01)
    assert (made.control.method, made.control.seed) == ("uniform_noise", 5)
    assert made.flipped == (made.clean.prediction.positive[0] != model.predict(made.perturbation.perturbed).positive[0])
    assert {view.attribution.seed for view in (made.clean, made.perturbed, made.controlled)} == {4}
    before, after = (view.prediction.logits[0] for view in (made.clean, made.perturbed))
    assert (after < before) == (made.perturbation.goal.direction == "hide")


@pytest.mark.parametrize("key", ["motion_blur", "exposure", "jpeg"])
def test_an_artifact_beside_noise_of_the_same_root_mean_square(model: Classifier, pixels: Floats, key: str) -> None:
    made = compare(model, pixels, target=0, explainer="saliency", perturbation=key)
    wanted, found = change_255(made.perturbation, "rms"), change_255(made.control, "rms")
    assert found == pytest.approx(wanted, rel=0.001)
    assert not [caution for caution in made.cautions if "not of the same size" in caution.reason]


def test_noise_larger_than_noise_can_be_gets_a_caution(model: Classifier) -> None:
    black = np.zeros((1, 32, 32), dtype=np.float32)
    params = PERTURBATIONS["inverted_polarity"].params(severity=5)
    made = compare(
        model, black, target=0, explainer="saliency", perturbation="inverted_polarity", perturbation_params=params
    )
    assert [caution.about for caution in made.cautions if "not of the same size" in caution.reason] == ["control"]


def test_the_control_of_noise_is_other_noise(model: Classifier, pixels: Floats) -> None:
    params = UniformNoiseParams(2.0)
    made = compare(
        model, pixels, target=0, explainer="saliency", perturbation="uniform_noise", perturbation_params=params
    )
    assert not np.array_equal(made.perturbation.perturbed, made.control.perturbed)


def test_no_change_at_all(model: Classifier, pixels: Floats) -> None:
    made = compare(
        model, pixels, target=0, explainer="saliency", perturbation="fgsm", perturbation_params=FgsmParams(0)
    )
    assert (made.perturbation.norms.linf_255, made.control.norms.linf_255) == (0, 0)
    assert made.explanation_change["rank_correlation"].value == pytest.approx(1)


def test_a_linear_model_flips_and_keeps_its_map() -> None:
    model = linear_classifier()
    pixels = np.full((1, 16, 16), 0.5, dtype=np.float32)
    pixels += 1e-4 * np.sign(model.network.weight[0].numpy())  # a logit a little above 0
    made = compare(model, pixels, target=0, explainer="saliency", perturbation="fgsm")
    assert made.flipped
    assert made.perturbation.goal.direction == "hide"
    assert {name: made.explanation_change[name].value for name in ("rank_correlation", "top_overlap", "map_ssim")} == {
        "rank_correlation": pytest.approx(1),
        "top_overlap": 1,
        "map_ssim": pytest.approx(1),
    }
    induced = compare(model, pixels, target=0, explainer="saliency", perturbation="fgsm", direction="induce")
    assert induced.perturbation.goal.direction == "induce"
    assert not induced.flipped


def test_the_same_seed_gives_the_same_numbers(model: Classifier, pixels: Floats) -> None:
    def run(seed: int) -> Comparison:
        random = PgdParams(random_start=True)
        return compare(
            model, pixels, target=0, explainer="smoothgrad", perturbation="pgd", perturbation_params=random, seed=seed
        )

    first, again, other = run(1), run(1), run(2)
    for view in ("clean", "perturbed", "controlled"):
        assert np.array_equal(getattr(first, view).attribution.heat, getattr(again, view).attribution.heat)
    assert np.array_equal(first.perturbation.perturbed, again.perturbation.perturbed)
    assert np.array_equal(first.control.perturbed, again.control.perturbed)
    assert first.explanation_change == again.explanation_change
    assert not np.array_equal(first.perturbation.perturbed, other.perturbation.perturbed)


@pytest.mark.parametrize("explainer", ["saliency", "smoothgrad", "integrated_gradients", "grad_cam", "occlusion"])
def test_one_progress_over_the_whole(model: Classifier, pixels: Floats, explainer: str) -> None:
    shares: list[float] = []
    compare(model, pixels, target=0, explainer=explainer, perturbation="pgd", report=shares.append)
    assert shares == sorted(shares)
    assert (shares[0] < 0.5, shares[-1]) == (True, pytest.approx(1))


@pytest.mark.parametrize("passes", [1, 22, 26, 60])
def test_cancel(model: Classifier, pixels: Floats, passes: int) -> None:
    cancel = threading.Event()
    count = 0

    def report(_share: float) -> None:
        nonlocal count
        count += 1
        if count == passes:
            cancel.set()

    with pytest.raises(Cancelled):
        compare(model, pixels, target=0, explainer="occlusion", perturbation="pgd", report=report, cancel=cancel)
    assert count <= passes + 1


def test_an_early_answer_takes_no_pass_that_it_can_do_without(model: Classifier, pixels: Floats) -> None:
    """Four steps, each there and back, with a look at the last; one look at the noise; two maps."""
    known = compare(model, pixels, target=0, explainer="saliency", perturbation="pgd").clean
    passes, told, shares = list[int](), list[View](), list[float]()
    forward = model.network.forward
    counted = copy.deepcopy(model.network)
    counted.forward = lambda x: (passes.append(len(x)), forward(x))[1]
    made = compare(
        dataclasses.replace(model, network=counted),
        pixels,
        target=0,
        explainer="saliency",
        perturbation="pgd",
        perturbation_params=PgdParams(steps=4),
        clean=known,
        saving=False,
        on_clean=told.append,
        report=shares.append,
    )
    assert passes == [1] * 8
    assert made.clean is known
    assert made.perturbation.reached.as_float == made.perturbation.goal.reached(made.perturbed.prediction)
    assert (made.perturbation.reached.saved, made.control.reached.saved) == (None, None)
    assert not told
    assert (shares == sorted(shares), shares[-1]) == (True, pytest.approx(1))
    full = compare(model, pixels, target=0, explainer="saliency", perturbation="pgd", perturbation_params=PgdParams(4))
    assert full.perturbation.reached.saved is not None


def test_a_case_brings_its_spacing_and_its_cautions() -> None:
    model = small_cnn_classifier()
    case = Case("0" * 16, "case", "cxr", np.random.default_rng(0).random((64, 128, 1), dtype=np.float32), (0.5, 0.25))
    assert fitted(case, model.card).mm_per_pixel == (1.0, 1.0)
    made = compare_case(
        case, model, target=0, explainer="saliency", perturbation="pgd", perturbation_params=PgdParams(epsilon=0.5)
    )
    assert made.explanation_change["centroid_shift_mm"].value == pytest.approx(
        made.explanation_change["centroid_shift"].value
    )
    assert "truth" in {caution.about for caution in made.cautions}
    unknown = compare_case(
        dataclasses.replace(case, spacing_mm=None), model, target=0, explainer="saliency", perturbation="jpeg"
    )
    assert "centroid_shift_mm" not in unknown.explanation_change


def test_a_case_out_of_scope_is_not_computed_unless_the_user_insists() -> None:
    model = small_cnn_classifier()
    passes: list[int] = []
    watched = model.watched(lambda x, logits: passes.append(len(x)))
    case = Case("0" * 16, "case", "fundus", np.random.default_rng(0).random((64, 64, 3), dtype=np.float32))
    with pytest.raises(OutOfScope, match="made for chest X-rays, not for fundus photographs"):
        compare_case(case, watched, target=0, explainer="saliency", perturbation="jpeg")
    assert not passes
    made = compare_case(case, watched, anyway=True, target=0, explainer="saliency", perturbation="jpeg")
    said = [caution for caution in made.cautions if "made for chest X-rays" in caution.reason]
    assert [caution.about for caution in said] == ["prediction"]


def test_what_a_model_cannot_serve_is_said_before_anything_is_computed(model: Classifier, pixels: Floats) -> None:
    passes: list[int] = []
    flat = dataclasses.replace(model, differentiable=False, on_pass=lambda x, logits: passes.append(len(x)))
    with pytest.raises(Unsupported, match="needs a feature map"):
        compare(flat, pixels, target=0, explainer="grad_cam", perturbation="jpeg")
    with pytest.raises(Unsupported, match="gradient"):
        compare(flat, pixels, target=0, explainer="occlusion", perturbation="pgd")
    assert not passes


def test_target_by_name() -> None:
    card = small_cnn_classifier(labels=2).card
    assert (target_of(card, None), target_of(card, "finding 1")) == (0, 1)
    with pytest.raises(UnknownName, match="finding 0, finding 1"):
        target_of(card, "other")


@pytest.mark.parametrize("key", [method.key for method in PERTURBATIONS])
def test_every_perturbation_can_be_compared(model: Classifier, pixels: Floats, key: str) -> None:
    made = compare(with_all_aids(model), pixels, target=0, explainer="grad_cam", perturbation=key)
    for score in (*made.explanation_change.values(), *made.control_change.values()):
        assert math.isnan(score.value) or math.isfinite(score.value)
