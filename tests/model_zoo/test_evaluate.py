"""From trained weights to card, weights and evidence, on a few tiny pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.special import expit

from core.errors import InputError, ModelError
from core.values import ModelCard
from model_zoo.cards import read_card
from model_zoo.evaluate import publish
from model_zoo.evidence import read_evidence
from model_zoo.loading import read_classifier
from model_zoo.measures import auroc, sensitivity
from model_zoo.tasks import Task
from model_zoo.train import build, finding_only
from tests.model_zoo.conftest import write_labels


@pytest.fixture
def published(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> ModelCard:
    """A random network, published; the folder stands in for pictures from elsewhere too."""
    torch.manual_seed(0)
    save_file(
        finding_only(build(tiny_task.architecture, tiny_task.input, 1).state_dict()), tmp_path / "trained.safetensors"
    )
    return publish(
        tiny_task, tmp_path / "trained.safetensors", tiny_folder, tiny_folder, [tiny_folder], (tmp_path,) * 3
    )


def test_card_and_weights_belong_together(published: ModelCard, tmp_path: Path) -> None:
    assert read_card(tmp_path / "cxr_pneumonia.toml") == published
    assert [source.images for source in published.training] == [12, 8, 2]
    model = read_classifier(published, tmp_path / published.weights)
    assert model.distance is not None
    assert model.distance(torch.rand(2, 1, 32, 32)).isfinite().all()


def test_the_card_follows_from_the_evidence(published: ModelCard, tmp_path: Path) -> None:
    evidence = read_evidence(tmp_path / "cxr_pneumonia.json")
    for name, prefix in (("test", ""), ("external", "external_")):
        outputs = evidence.sets[name]
        called = expit(outputs.logits / published.scale) >= published.thresholds()[0]
        assert published.results[f"{prefix}auroc"].value == pytest.approx(
            auroc(outputs.logits, outputs.truth), abs=1e-3
        )
        assert published.results[f"{prefix}sensitivity"].value == sensitivity(called, outputs.truth)
    assert len(evidence.sets["validation"].logits) == published.results["auroc"].n == 10
    assert published.scope is not None
    assert np.mean(evidence.distances["validation"] <= published.scope) >= 0.9
    assert published.results["scope_data"].value == pytest.approx(0.5)  # the same pictures on both sides


def test_the_limits_name_the_drop(published: ModelCard, tmp_path: Path) -> None:
    without = (~read_evidence(tmp_path / "cxr_pneumonia.json").sets["external"].truth).sum()
    (drop,) = (limit for limit in published.limits if "elsewhere" in limit)
    assert drop.startswith(f"On 10 pictures from elsewhere, {without} of them without the finding, its AUROC is ")


def test_a_variant_keeps_its_role(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    task = replace(tiny_task, key="cxr_pneumonia_robust", role="robust", twin="cxr_pneumonia")
    save_file(finding_only(build(task.architecture, task.input, 1).state_dict()), tmp_path / "trained.safetensors")
    card = publish(task, tmp_path / "trained.safetensors", tiny_folder, places=(tmp_path,) * 3)
    assert (card.role, card.twin) == ("robust", "cxr_pneumonia")
    assert not any(name.startswith("external") for name in card.results)


def test_pictures_from_elsewhere_may_be_of_one_class(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    save_file(finding_only(build(tiny_task.architecture, tiny_task.input, 1).state_dict()), tmp_path / "w.safetensors")
    external = tmp_path / "external"
    external.mkdir()
    (external / "1.png").write_bytes((tiny_folder / "1.png").read_bytes())
    write_labels(external, [("1.png", "pneumonia", "a patient", "test", "site C", "CC0", "")])
    card = publish(tiny_task, tmp_path / "w.safetensors", tiny_folder, external, places=(tmp_path,) * 3)
    assert read_card(tmp_path / "cxr_pneumonia.toml") == card
    assert {name for name in card.results if name.startswith("external")} == {"external_sensitivity"}


def test_what_can_not_be_read_again_is_not_published(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    save_file(finding_only(build(tiny_task.architecture, tiny_task.input, 1).state_dict()), tmp_path / "w.safetensors")
    long, places = tiny_folder.rename(tmp_path / f"{'long ' * 20}né"), tmp_path / "published"
    with pytest.raises(ModelError, match=r"results.scope_(long_)+n_: must be named by letters.*Nothing was written"):
        publish(tiny_task, tmp_path / "w.safetensors", long, others=[long], places=(places,) * 3)
    with pytest.raises(InputError, match="gone: is not a folder"):
        publish(tiny_task, tmp_path / "w.safetensors", long, others=[tmp_path / "gone"], places=(places,) * 3)
    assert not places.exists()


def test_publishing_before_training(tiny_folder: Path, tiny_task: Task, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Train first"):
        publish(tiny_task, tmp_path / "weights.safetensors", tiny_folder)
