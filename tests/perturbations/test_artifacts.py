"""What all clinical artifacts have in common: five severities that rise, one layout, and a worst case."""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image

from core.values import MODALITIES, Floats, Goal, Modality
from imaging.bundled import load_bundled
from perturbations import PERTURBATIONS, PerturbationMethod, Threat, perturb, perturb_batch
from perturbations._artifact import ArtifactParams
from tests.toys import linear_classifier, small_cnn_classifier

ARTIFACTS = [method for method in PERTURBATIONS if issubclass(method.params, ArtifactParams)]
CASES: dict[Modality, str] = {
    "cxr": "chest-phantom-1",
    "dermoscopy": "mole-phantom-2",
    "fundus": "retina-photograph",
}
ONLY: dict[Modality, set[str]] = {
    "cxr": {"side_marker", "cable", "grid_lines", "collimation", "window_misuse", "inverted_polarity"},
    "dermoscopy": {"hair", "ruler", "ink", "gel_bubbles", "vignette", "color_cast", "glare"},
    "fundus": {"uneven_illumination", "lens_dust", "eyelash_shadow", "haze", "off_center", "flash_halo"},
}
ANYWHERE = {
    *("poisson_noise", "gaussian_noise", "defocus", "motion_blur", "exposure", "contrast", "gamma", "jpeg"),
    *("jpeg_2000", "down_sampling", "rotation", "translation", "occluding_text"),
}
COUNTED = ("hair", "cable", "gel_bubbles", "lens_dust", "ink")  # a higher severity adds some
FINE = {"poisson_noise", "gaussian_noise", "jpeg", "jpeg_2000", "occluding_text"}  # fitted to single pixels
HIDE = Goal(0, "hide")

each = pytest.mark.parametrize("method", ARTIFACTS, ids=lambda method: method.key)


@cache
def case(modality: Modality, size: int = 96) -> Floats:
    """A bundled case of this kind, (C, size, size)."""
    pixels = load_bundled(CASES[modality]).pixels
    channels = [Image.fromarray(channel).resize((size, size), Image.Resampling.BOX) for channel in pixels.T]
    return np.stack([np.asarray(channel).T for channel in channels]).clip(0, 1)


def usual(method: PerturbationMethod) -> Modality:
    """A kind of picture that it occurs on."""
    return next(modality for modality in MODALITIES if modality in method.modalities)


def drawn(method: PerturbationMethod, picture: Floats, severity: int = 3, seed: int = 0) -> Floats:
    """picture (C, h, w) of any size with the artifact."""
    rng = torch.Generator().manual_seed(seed)
    changed = method.function(linear_classifier(), torch.tensor(picture[None]), HIDE, method.params(severity), rng)
    result: Floats = changed[0].numpy()
    return result


def test_each_kind_of_picture_has_its_artifacts() -> None:
    assert {method.key for method in ARTIFACTS} == ANYWHERE.union(*ONLY.values())
    assert {method.key for method in PERTURBATIONS if method.threat is Threat.ARTIFACT} - {"flip"} == {
        method.key for method in ARTIFACTS
    }
    for method in ARTIFACTS:
        found = [modality for modality, keys in ONLY.items() if method.key in keys]
        assert method.modalities == frozenset(found or MODALITIES)


@each
def test_a_higher_severity_changes_more(method: PerturbationMethod) -> None:
    clean = case(usual(method))
    for seed in range(5):
        changes = [float(np.square(drawn(method, clean, severity, seed) - clean).mean()) for severity in range(1, 6)]
        assert changes == sorted(changes)
        assert 0 < changes[0] < 0.75 * changes[4]


@each
def test_the_table_of_severities_is_the_one_in_the_text(method: PerturbationMethod) -> None:
    text = " ".join(method.text.split())
    module = sys.modules[method.function.__module__]
    tables = [value for value in vars(module).values() if isinstance(value, tuple) and len(value) == 5]
    assert tables
    for table in tables:
        *first, last = [f"{value:g}" for value in table]
        assert f"{', '.join(first)} and {last}" in text
    assert "severities 1 to 5" in text


@each
def test_the_text_says_whether_chance_plays_a_part(method: PerturbationMethod) -> None:
    clean = case(usual(method), 48)
    pictures = {drawn(method, clean, seed=seed).tobytes() for seed in range(8)}
    assert (len(pictures) == 1) == ("Chance plays no part." in " ".join(method.text.split()))


@each
@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 32, 32), (1, 40, 57), (3, 57, 40)])
def test_any_size_and_color_will_do(method: PerturbationMethod, shape: tuple[int, int, int]) -> None:
    clean = np.random.default_rng(0).random(shape, dtype=np.float32)
    for severity in (1, 5):
        changed = drawn(method, clean, severity)
        assert changed.shape == shape
        assert changed.dtype == np.float32
        assert np.isfinite(changed).all()
        assert 0 <= changed.min() <= changed.max() <= 1


@pytest.mark.parametrize("method", [m for m in ARTIFACTS if m.key not in FINE], ids=lambda method: method.key)
def test_a_large_picture_looks_like_a_small_one(method: PerturbationMethod) -> None:
    """448 pixels across, reduced to 224 after the artifact, against 224 from the start."""
    large = case(usual(method), 448)
    small = large.reshape(len(large), 224, 2, 224, 2).mean((2, 4))
    expected, found = drawn(method, small), drawn(method, large).reshape(len(large), 224, 2, 224, 2).mean((2, 4))
    assert np.abs(found - expected).mean() < max(0.15 * np.abs(expected - small).mean(), 0.002)


@pytest.mark.parametrize("key", COUNTED)
def test_a_higher_severity_adds_to_the_same_layout(key: str) -> None:
    method = PERTURBATIONS[key]
    clean = case(usual(method))
    few, many = (np.abs(drawn(method, clean, severity) - clean).max(axis=0) > 2 / 255 for severity in (1, 4))
    assert (few & many).sum() > 0.95 * few.sum() > 0
    assert many.sum() > 1.5 * few.sum()


@each
def test_an_accident_asks_no_model_and_a_worst_case_one_time_a_try(method: PerturbationMethod) -> None:
    model = linear_classifier(size=32)
    clean = np.random.default_rng(0).random((1, 32, 32), dtype=np.float32)
    accident = perturb(method.key, model, clean, HIDE, method.params(4), seed=2)
    worst = perturb(method.key, model, clean, HIDE, method.params(4, 6), seed=2)
    assert (accident.queries, worst.queries) == (0, 6)
    loss_of_accident, loss_of_worst = (model.predict(made.perturbed).logits[0] for made in (accident, worst))
    assert loss_of_worst <= loss_of_accident


@pytest.mark.parametrize("direction", ["hide", "induce"])
def test_the_worst_case_is_the_best_of_all_severities_up_to_it(direction: str) -> None:
    model, goal = small_cnn_classifier(3, 64), Goal(0, direction)  # type: ignore[arg-type]
    clean, method = case("dermoscopy", 64), PERTURBATIONS["jpeg"]
    worst = perturb("jpeg", model, clean, goal, method.params(4, 4)).perturbed
    milder = [perturb("jpeg", model, clean, goal, method.params(severity)).perturbed for severity in range(1, 5)]
    logits = [model.predict(picture).logits[0] for picture in milder]
    np.testing.assert_array_equal(worst, milder[int(np.argmin(logits) if direction == "hide" else np.argmax(logits))])


def test_more_tries_find_no_less() -> None:
    model, clean, kind = linear_classifier(3, 48), case("dermoscopy", 48), PERTURBATIONS["hair"].params
    logits = [
        model.predict(perturb("hair", model, clean, HIDE, kind(5, tries)).perturbed).logits[0] for tries in (1, 5, 20)
    ]
    assert logits == sorted(logits, reverse=True)
    assert logits[2] < logits[0]


def test_the_company_of_an_image_does_not_change_it() -> None:
    model, params = linear_classifier(3, 48), PERTURBATIONS["hair"].params(3, 8)
    clean = case("dermoscopy", 48)
    batch = np.stack([clean, clean[:, ::-1], clean[:, :, ::-1]])
    together = perturb_batch("hair", model, batch, HIDE, params, seed=4)
    np.testing.assert_array_equal(together[0], perturb("hair", model, clean, HIDE, params, seed=4).perturbed)
    assert not np.array_equal(together[1], together[0][:, ::-1])
