"""Each format gives the network that was saved, and no file runs code that its format should not hold."""

from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from onnx import helper
from torch import Tensor, nn

from core.errors import ModelError
from core.values import Format, ModelCard
from model_zoo.cards import read_card
from model_zoo.formats import SUFFIXES, timm
from model_zoo.loading import read_classifier, read_network
from tests.foreign import (
    SIZE,
    Net,
    foreign_card,
    onnx_model,
    save_export,
    save_timm,
    save_torchscript,
)

ROOT = Path(__file__).resolve().parents[2]
SAVE: dict[Format, Callable[[Net, Path], None]] = {
    "torchscript": save_torchscript,
    "export": save_export,
    "onnx": lambda network, path: onnx.save(onnx_model(network), path),
}


def card_of(form: Format, **changes: object) -> ModelCard:
    return foreign_card(format=form, weights=f"elsewhere{SUFFIXES[form]}", **changes)


def images(count: int = 3, channels: int = 1, size: int = SIZE) -> Tensor:
    return torch.rand(count, channels, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("form", SAVE)
def test_a_program_gives_what_it_gave_and_its_gradient(form: Format, tmp_path: Path) -> None:
    card, network = card_of(form), Net()
    SAVE[form](network, tmp_path / card.weights)
    model = read_classifier(card, tmp_path / card.weights)
    x = images().requires_grad_()
    found, expected = model(x), network((x - 0.5) / 0.5)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    gradients = [torch.autograd.grad(logits[:, 0].sum(), x)[0] for logits in (found, expected)]
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=1e-4)
    assert model.offers == {"gradient"}
    assert not any(p.requires_grad for p in model.network.parameters())


@pytest.mark.parametrize("form", SAVE)
def test_a_program_with_more_outputs_than_the_card_names_is_refused(form: Format, tmp_path: Path) -> None:
    card = card_of(form)
    SAVE[form](Net(outputs=3), tmp_path / card.weights)
    with pytest.raises(ModelError, match=r"\(1, 3\).*2 labels and 0 hidden"):
        read_classifier(card, tmp_path / card.weights)


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not an archive", pickle.dumps({"a": 1})])
def test_damaged_files_are_refused_with_one_error(form: Format, content: bytes, tmp_path: Path) -> None:
    card = card_of(form)
    (tmp_path / card.weights).write_bytes(content)
    with pytest.raises(ModelError, match=card.weights):
        read_classifier(card, tmp_path / card.weights)


# timm


@pytest.mark.parametrize("prefix", ["", "model.", "module.backbone."])
def test_a_common_prefix_is_taken_off(prefix: str, tmp_path: Path) -> None:
    card = foreign_card()
    network = save_timm(card, tmp_path / "w", prefix=prefix)
    x = images()
    with torch.inference_mode():
        torch.testing.assert_close(read_classifier(card, tmp_path / "w")(x), network((x - 0.5) / 0.5))


def test_gradients_and_hooks_work_behind_what_was_in_place(tmp_path: Path) -> None:
    card = foreign_card()
    save_timm(card, tmp_path / "w")
    model = read_classifier(card, tmp_path / "w")
    assert not any(getattr(module, "inplace", False) for module in model.network.modules())
    assert model.offers == {"gradient", "feature map", "module tree"}


def test_a_transformer_has_no_feature_map(tmp_path: Path) -> None:
    card = foreign_card(architecture="vit_tiny_patch16_224")
    card = replace(card, input=replace(card.input, size=224))
    save_timm(card, tmp_path / "w")
    assert read_classifier(card, tmp_path / "w").offers == {"gradient", "module tree"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels": ("one", "two", "three")}, r"2 more|fc.bias and 1 more differ in shape|fc.weight and 1 more differ"),
        ({"architecture": "resnet34"}, "the file lacks layer1"),
        ({"architecture": "resnet10t"}, "the file"),
        ({"architecture": "resnet7"}, "is not known"),
    ],
)
def test_weights_of_another_network_are_refused(changes: dict[str, object], reason: str, tmp_path: Path) -> None:
    save_timm(foreign_card(), tmp_path / "w")
    with pytest.raises(ModelError, match=reason):
        read_classifier(foreign_card(**changes), tmp_path / "w")


def test_tensors_that_belong_nowhere_are_refused(tmp_path: Path) -> None:
    save_timm(foreign_card(), tmp_path / "w", strange=torch.zeros(3))
    with pytest.raises(ModelError, match="the file has strange, which the network has not"):
        read_classifier(foreign_card(), tmp_path / "w")


def test_a_network_that_is_too_large_is_refused_before_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_timm(foreign_card(), tmp_path / "w")
    monkeypatch.setattr(timm, "MOST_PARAMETERS", 1_000_000)
    with pytest.raises(ModelError, match="parameters, more than 1,000,000"):
        read_classifier(foreign_card(), tmp_path / "w")


# The cards in docs/models


def test_torchxrayvision_needs_a_card_and_no_code(tmp_path: Path) -> None:
    card = read_card(ROOT / "docs" / "models" / "txrv_densenet121_all.toml")
    small = replace(card, input=replace(card.input, size=64))
    network = save_timm(small, tmp_path / "w", op_threshs=torch.full((18,), 0.5))
    loaded = read_network(small, tmp_path / "w")
    assert loaded.notes == ("Left out of the file: op_threshs, no weights of the network.",)
    model = read_classifier(small, tmp_path / "w")
    assert model.offers == {"gradient", "feature map", "module tree"}
    x = images(2)
    with torch.inference_mode():
        logits = model(x)
        torch.testing.assert_close(logits, network((2 * x - 1) * 1024), atol=0.01, rtol=1e-5)
    assert logits.shape == (2, 18)
    assert model.predict(x[0].numpy()).thresholds[7] == pytest.approx(0.103246614)


def test_untrained_targets_of_torchxrayvision_are_hidden(tmp_path: Path) -> None:
    card = read_card(ROOT / "docs" / "models" / "txrv_densenet121_all.toml")
    points = {name: values[:14] for name, values in card.operating_points.items()}
    nih = replace(card, labels=card.labels[:14], hidden=(14, 15, 16, 17), operating_points=points)
    nih = replace(nih, input=replace(nih.input, size=64))
    network = save_timm(nih, tmp_path / "w")
    x = images(2)
    with torch.inference_mode():
        expected = network((2 * x - 1) * 1024)[:, :14]
        torch.testing.assert_close(read_classifier(nih, tmp_path / "w")(x), expected, atol=0.01, rtol=1e-5)


def test_a_hub_checkpoint_with_classes_that_exclude_each_other(models: Path) -> None:
    card = read_card(ROOT / "docs" / "models" / "hub_exclusive.toml")
    card = replace(card, input=replace(card.input, size=64))
    network = save_timm(card, models / card.weights)
    model = read_classifier(card, models / card.weights)
    x = images(1, channels=3)
    mean, std = (torch.tensor(values)[:, None, None] for values in (card.input.mean, card.input.std))
    with torch.inference_mode():
        expected = torch.softmax(network((x - mean) / std), dim=1)[0]
    torch.testing.assert_close(torch.from_numpy(model.predict(x[0].numpy()).probabilities), expected)


# torch.export


def test_a_program_exported_for_one_image_takes_batches(tmp_path: Path) -> None:
    card, network = card_of("export"), Net()
    save_export(network, tmp_path / card.weights, batch=1, dynamic=False)
    x = images()
    torch.testing.assert_close(read_classifier(card, tmp_path / card.weights)(x), network((x - 0.5) / 0.5))


def test_a_program_exported_for_another_batch_is_refused(tmp_path: Path) -> None:
    card = card_of("export")
    save_export(Net(), tmp_path / card.weights, batch=3, dynamic=False)
    with pytest.raises(ModelError, match="was exported for batches of 3"):
        read_classifier(card, tmp_path / card.weights)


class Boom:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("where", ["sample inputs", "weight", "constant", "legacy weights", "compiled library"])
def test_pickles_in_an_exported_program_are_never_loaded(where: str, tmp_path: Path) -> None:
    card, mark = card_of("export"), tmp_path / "executed"
    save_export(Net(), tmp_path / "good.pt2")
    torch_pickle = io.BytesIO()
    torch.save(Boom(mark), torch_pickle)
    weights = "data/weights/model_weights_config.json"
    constants = "data/constants/model_constants_config.json"
    with zipfile.ZipFile(tmp_path / "good.pt2") as good:
        records = {name.partition("/")[2]: good.read(name) for name in good.namelist()}
    if where == "sample inputs":
        records["data/sample_inputs/model.pt"] = torch_pickle.getvalue()
    elif where == "weight":
        table = json.loads(records[weights])
        next(iter(table["config"].values()))["use_pickle"] = True
        records |= {weights: json.dumps(table).encode(), "data/weights/weight_0": torch_pickle.getvalue()}
    elif where == "constant":
        entry = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
        records[constants] = json.dumps({"config": {"c": entry}}).encode()
    elif where == "legacy weights":
        records["data/weights/model.pt"] = torch_pickle.getvalue()
    else:
        records["data/aotinductor/model/model.so"] = b"\x7fELF"
    writer = torch._C.PyTorchFileWriter(str(tmp_path / card.weights))
    for name, content in records.items():
        if name not in {".data/version", ".data/serialization_id", "byteorder"}:
            writer.write_record(name, content, len(content))
    writer.write_end_of_file()
    with pytest.raises(ModelError):
        read_classifier(card, tmp_path / card.weights)
    assert not mark.exists()
    if where in {"sample inputs", "weight"}:  # what torch alone would have done
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(Exception):  # noqa: B017, PT011 - after the harm, torch fails in one way or another
                torch.export.load(tmp_path / card.weights)
        assert mark.exists()


# ONNX


def onnx_card(**changes: object) -> ModelCard:
    return card_of("onnx", **changes)


def test_a_graph_for_one_image_takes_batches(tmp_path: Path) -> None:
    network = Net()
    onnx.save(onnx_model(network, batch=1), tmp_path / "w.onnx")
    x = images()
    found = read_classifier(onnx_card(), tmp_path / "w.onnx")(x)
    torch.testing.assert_close(found, network((x - 0.5) / 0.5), atol=1e-5, rtol=1e-4)


def test_a_graph_that_cannot_be_converted_is_run_forward_only(tmp_path: Path) -> None:
    network = Net()
    onnx.save(onnx_model(network, last="Mish", opset=18), tmp_path / "w.onnx")
    loaded = read_network(onnx_card(), tmp_path / "w.onnx")
    assert not loaded.differentiable
    assert "without gradients: onnx2torch can't convert this graph" in loaded.notes[0]
    x = images()
    with torch.inference_mode():
        expected = nn.functional.mish(network((x - 0.5) / 0.5))
    torch.testing.assert_close(read_classifier(onnx_card(), tmp_path / "w.onnx")(x), expected, atol=1e-5, rtol=1e-4)


class NoNumbers(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * torch.nan


@pytest.mark.parametrize("converted", [Net(outputs=2, sigmoid=True), NoNumbers()], ids=["sigmoid", "nan"])
def test_a_conversion_that_disagrees_is_not_used(
    converted: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onnx.save(onnx_model(Net()), tmp_path / "w.onnx")
    monkeypatch.setattr("onnx2torch.convert", lambda _model: converted)
    loaded = read_network(onnx_card(), tmp_path / "w.onnx")
    assert not loaded.differentiable
    assert "the conversion by onnx2torch is off by" in loaded.notes[0]


def test_names_in_a_graph_never_become_code(tmp_path: Path) -> None:
    """torch.fx, which onnx2torch uses, writes the names of nodes into Python source between quotes."""
    mark = tmp_path / "executed"
    model = onnx_model(Net())
    model.graph.node[0].name = f'training"), open("{mark}", "w"), ("'
    onnx.save(model, tmp_path / "w.onnx")
    assert read_classifier(onnx_card(), tmp_path / "w.onnx").differentiable
    assert not mark.exists()


def test_weights_in_other_files_are_refused(tmp_path: Path) -> None:
    onnx.save(onnx_model(Net()), tmp_path / "w.onnx", save_as_external_data=True, location="passwd", size_threshold=0)
    with pytest.raises(ModelError, match="weights in other files"):
        read_classifier(onnx_card(), tmp_path / "w.onnx")


def test_operators_of_others_are_refused(tmp_path: Path) -> None:
    model = onnx_model(Net())
    model.graph.node[1].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    onnx.save(model, tmp_path / "w.onnx")
    with pytest.raises(ModelError, match=r"operators of the domain 'com.example'"):
        read_classifier(onnx_card(), tmp_path / "w.onnx")


def test_a_graph_for_another_size_is_refused(tmp_path: Path) -> None:
    card = onnx_card()
    onnx.save(onnx_model(Net()), tmp_path / "w.onnx")
    with pytest.raises(ModelError, match="can't be read as onnx, or run"):
        read_classifier(replace(card, input=replace(card.input, size=96)), tmp_path / "w.onnx")
