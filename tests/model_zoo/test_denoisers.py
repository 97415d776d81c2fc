"""The denoiser that is shipped with a model: its network, how it is written, read, and refused when damaged."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from core.errors import ModelError
from core.values import InputSpec, Score
from model_zoo import denoisers
from model_zoo.cards import load_card
from model_zoo.denoisers import CHANGES, SHIPPED, Denoiser, cleaned_by, denoiser_of, write_denoiser
from model_zoo.loading import load_classifier
from tests.toys import small_cnn_classifier

CARD = small_cnn_classifier().card
KEYS = [path.stem for path in sorted(denoisers.FOLDER.glob("*.json"))]


def trained(spec: InputSpec) -> Denoiser:
    """One whose weights are random, and whose corrections are large."""
    torch.manual_seed(0)
    denoiser = Denoiser(spec).requires_grad_(False)
    torch.nn.init.normal_(denoiser.correction[2].weight)
    return denoiser


def pictures(spec: InputSpec, n: int = 2) -> torch.Tensor:
    return torch.rand(n, spec.channels, spec.size, spec.size, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_denoiser(CARD, trained(CARD.input), {"note": "a toy"}, tmp_path / "new")
    return tmp_path / "new"


def test_untrained_it_corrects_nothing() -> None:
    x = pictures(CARD.input)
    torch.testing.assert_close(Denoiser(CARD.input)(x), x)


@pytest.mark.parametrize("key", ["cxr_pneumonia", "fundus_referable_dr"])
def test_it_keeps_to_its_range_its_picture_and_the_field_of_view(key: str) -> None:
    spec = load_card(key).input
    denoiser, x, visible = trained(spec), pictures(spec), torch.from_numpy(spec.visible)
    y = denoiser(x)
    assert y.shape == x.shape
    assert 0 <= y.min() < y.max() <= 1
    torch.testing.assert_close(denoiser(x[1:]), y[1:], atol=1e-5, rtol=1e-5)
    assert ((y != x).any(dim=1).float().mean(dim=0)[visible] > 0).float().mean() > 0.9
    assert torch.equal(y[..., ~visible], x[..., ~visible])
    torch.testing.assert_close(denoiser(x * visible)[..., visible], y[..., visible])


def test_what_is_written_is_read_in_half_precision_and_frozen(folder: Path) -> None:
    load, record = denoiser_of(CARD, folder), SHIPPED.record(CARD, folder, dict)
    assert load is not None
    assert record is not None
    assert record["note"] == "a toy"
    x, denoiser = pictures(CARD.input), load()
    torch.testing.assert_close(denoiser(x), trained(CARD.input)(x), atol=0.02, rtol=0)
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in denoiser.parameters())
    assert {path.name for path in folder.iterdir()} == {"toy.json", "toy.safetensors"}


def test_damaged_weights_are_refused_when_they_are_asked_for(folder: Path) -> None:
    load = denoiser_of(CARD, folder)
    assert load is not None
    (folder / "toy.safetensors").unlink()
    with pytest.raises(ModelError, match="can't be read as a denoiser"):
        load()


def test_weights_of_another_input_are_refused(folder: Path) -> None:
    color = dataclasses.replace(CARD, input=dataclasses.replace(CARD.input, channels=3))
    load = denoiser_of(color, folder)
    assert load is not None
    with pytest.raises(ModelError, match="size mismatch"):
        load()


def measured(number: float) -> dict[str, object]:
    return {"pixels_255": {"value": number, "interval": [0, 9]}, "logits": {"value": number / 10, "interval": [0, 1]}}


def test_what_was_measured_is_read_with_n_and_interval(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"can't be read as a denoiser \('validation'\)"):
        cleaned_by(CARD, folder)
    validation = {change: {"changed": measured(2), "cleaned": measured(1)} for change in CHANGES}
    write_denoiser(CARD, trained(CARD.input), {"validation": validation, "n": 7}, folder)
    found = cleaned_by(CARD, folder)
    assert [each.change for each in found] == list(CHANGES)
    assert found[0].before.pixels == Score(2, "", "lower", (0, 9), 7)
    assert found[0].after.logits == Score(0.1, "", "lower", (0, 1), 7)
    assert cleaned_by(dataclasses.replace(CARD, key="other"), folder) == ()


@pytest.mark.parametrize("key", KEYS)
def test_the_shipped_ones_are_whole_and_small_and_did_what_they_are_for(key: str) -> None:
    model, found = load_classifier(key), {each.change: each for each in cleaned_by(load_card(key))}
    assert "denoiser" in model.offers
    assert model.denoiser is not None
    assert (denoisers.FOLDER / f"{key}.safetensors").stat().st_size < 500_000
    x = pictures(model.card.input, 1)
    assert not torch.equal(model.denoiser()(x), x)
    for change in ("gaussian", "uniform"):
        assert found[change].after.pixels.value < found[change].before.pixels.value
    assert found["gradient"].after.logits.value < 0.5 * found["gradient"].before.logits.value


def test_the_standard_models_have_one_and_their_twins_do_not() -> None:
    assert {"cxr_pneumonia", "dermoscopy_melanoma", "fundus_referable_dr"} <= set(KEYS)
    for key in ("cxr_pneumonia_robust", "cxr_pneumonia_surrogate"):
        assert "denoiser" not in load_classifier(key).offers
