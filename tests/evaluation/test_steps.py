"""The way of an attack: from the clean picture to the one returned, evenly chosen, each with its own answer and map."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from core.classifier import Classifier
from core.errors import Cancelled
from core.values import Floats, Goal, Perturbation
from evaluation.steps import steps_of, way_of
from explainers import explain
from perturbations import perturb
from perturbations.fgsm import FgsmParams
from perturbations.pgd import PgdParams
from tests.toys import small_cnn_classifier

HIDE = Goal(0, "hide")


@pytest.fixture(scope="module")
def model() -> Classifier:
    return small_cnn_classifier()


@pytest.fixture(scope="module")
def pixels() -> Floats:
    return np.random.default_rng(0).random((1, 32, 32), dtype=np.float32)


def attacked(model: Classifier, pixels: Floats, **params: float | bool) -> Perturbation:
    return perturb("pgd", model, pixels, HIDE, PgdParams(**params), seed=1)  # type: ignore[arg-type]


def test_from_the_clean_picture_to_the_one_returned(model: Classifier, pixels: Floats) -> None:
    made = attacked(model, pixels, epsilon=4, steps=60)
    moments = steps_of(model, made, 0, "saliency", most=7)
    assert len(moments) == 7
    assert np.array_equal(moments[0].perturbed, pixels)
    assert np.array_equal(moments[-1].perturbed, made.perturbed)
    indices = [moment.index for moment in moments]
    assert indices[0] == 0
    assert len(set(np.diff(indices)) - {indices[1], indices[1] + 1, indices[1] - 1}) == 0
    for moment in moments:
        step = made.trajectory[moment.index]
        assert np.array_equal(moment.perturbed, step.perturbed)
        prediction = model.predict(step.perturbed)
        assert moment.probability == pytest.approx(float(prediction.probabilities[0]))
        assert moment.positive == bool(prediction.positive[0])
        assert np.array_equal(moment.attribution.heat, explain("saliency", model, step.perturbed, 0).heat)


def test_few_steps_are_all_shown(model: Classifier, pixels: Floats) -> None:
    made = attacked(model, pixels, epsilon=4, steps=5)
    assert [moment.index for moment in steps_of(model, made, 0, "saliency")] == list(range(len(way_of(made))))
    assert len(way_of(made)) <= 6


def test_steps_after_the_best_are_left_out(model: Classifier, pixels: Floats) -> None:
    made = attacked(model, pixels, epsilon=16, steps=8, step_size=20)
    best = int(np.argmin([HIDE.loss(step.logits[None])[0] for step in made.trajectory]))
    assert best < 8
    assert len(way_of(made)) == best + 1


def test_a_random_start_comes_after_the_clean_picture(model: Classifier, pixels: Floats) -> None:
    way = way_of(attacked(model, pixels, epsilon=4, steps=5, random_start=True))
    assert np.array_equal(way[0], pixels)
    assert not np.array_equal(way[1], pixels)


def test_a_method_without_a_way_has_two_ends(model: Classifier, pixels: Floats) -> None:
    made = perturb("fgsm", model, pixels, HIDE, FgsmParams(2))
    moments = steps_of(model, made, 0, "saliency")
    assert [moment.index for moment in moments] == [0, 1]
    assert np.array_equal(moments[1].perturbed, made.perturbed)
    nothing = perturb("fgsm", model, pixels, HIDE, FgsmParams(0))
    assert [moment.index for moment in steps_of(model, nothing, 0, "saliency")] == [0]


def test_maps_share_seed_and_region(model: Classifier, pixels: Floats) -> None:
    region = np.zeros((32, 32), dtype=np.bool_)
    region[:9] = True
    moments = steps_of(model, attacked(model, pixels, steps=3), 0, "smoothgrad", seed=5, region=region)
    assert {moment.attribution.seed for moment in moments} == {5}
    assert all(not moment.attribution.heat[9:].any() for moment in moments)


def test_progress_and_cancel(model: Classifier, pixels: Floats) -> None:
    made = attacked(model, pixels, steps=5)
    shares: list[float] = []
    steps_of(model, made, 0, "occlusion", report=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        steps_of(model, made, 0, "occlusion", cancel=cancel)
