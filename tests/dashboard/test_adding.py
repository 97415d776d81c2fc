"""A model that a reader uploads: checked, offered to that session alone, and gone with it."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
import weakref
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from core.classifier import Classifier
from core.values import Format, ModelCard
from dashboard.services.adding import Adding
from dashboard.services.own import MOST, OwnModels
from model_zoo.cards import write_card
from model_zoo.loading import read_classifier
from perturbations import Threat
from tests.dashboard.steps import APP, errors, picker, settled, shown
from tests.foreign import Net, foreign_card, onnx_model, save_timm

SOON = 120
EMPTY = (2).to_bytes(8, "little") + b"{}"  # safetensors without a tensor
MARK = "Uploaded, not measured here: "


def card_bytes(folder: Path, **changes: object) -> bytes:
    """A card as a file."""
    write_card(foreign_card(architecture="test_efficientnet", **changes), folder / "card.toml")
    return (folder / "card.toml").read_bytes()


@pytest.fixture
def pair(tmp_path: Path) -> tuple[bytes, bytes]:
    """Card and weights of a tiny chest model with two findings."""
    save_timm(foreign_card(architecture="test_efficientnet"), tmp_path / "weights")
    return card_bytes(tmp_path), (tmp_path / "weights").read_bytes()


def onnx_classifier(folder: Path, network: Net, *, last: str = "", opset: int = 17, **changes: object) -> Classifier:
    form: Format = "onnx"
    card = foreign_card(format=form, weights="w.onnx", **changes)
    (folder / "w.onnx").write_bytes(onnx_model(network, last=last, opset=opset).SerializeToString())
    return read_classifier(card, folder / "w.onnx")


def opened(page: str) -> AppTest:
    """The app on one of its pages."""
    return turned(AppTest.from_file(str(APP), default_timeout=SOON), page)


def turned(app: AppTest, page: str) -> AppTest:
    """The app on another page, as by a link, which carries nothing of the address along."""
    app.query_params.clear()
    app._page_hash = calc_hash(page)
    app.run()
    assert not app.exception
    return app


def choose(app: AppTest, card: bytes | None = None, weights: bytes | None = None) -> AppTest:
    """Choose files, the others stay."""
    for key, content in (("card file", card), ("weights file", weights)):
        if content is not None:
            app.file_uploader(key=key).upload("JANE DOE", content)
    app.run()
    assert not app.exception
    return settled(app)


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def links(app: AppTest) -> list[str]:
    return [element.proto.label for element in app.get("page_link")]


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are put."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.slow
def test_a_model_is_checked_used_and_removed_in_one_session_only(pair: tuple[bytes, bytes], own_folder: Path) -> None:
    app, other = opened("add"), opened("models")
    app = choose(app, *pair)
    text = shown(app)
    assert "Can be used: nothing failed" in text
    assert text.count("✓ Passed") > 5
    assert "– Note" in text
    assert not list(own_folder.iterdir())
    assert not any(option.startswith(MARK) for option in picker(app, "Model").options)
    app = settled(turned(press(app, "Use this model"), "look"))
    assert f"{MARK}From elsewhere" in picker(app, "Model").options
    assert picker(app, "Model").value.startswith("upload_")
    assert 'class="sentence"' in shown(app)
    other.run()
    assert not any(option.startswith(MARK) for option in picker(other, "Model").options)
    listed = ["From elsewhere" in "".join(links(turned(session, "models"))) for session in (app, other)]
    assert listed == [True, False]
    app = press(turned(app, "add"), "Remove")
    assert "Remove" not in labels(app)
    assert picker(app, "Model").value == "cxr_pneumonia"
    assert len(picker(app, "Model").options) == len(picker(other, "Model").options)


def test_what_cannot_be_used_is_said_in_one_sentence_and_the_other_file_stays(tmp_path: Path) -> None:
    app = opened("add")
    app = choose(app, card_bytes(tmp_path))
    assert "The card of &#x27;From elsewhere&#x27; can be read. Now choose its weights." in shown(app)
    refused = [
        ({"weights": b"PK\x03\x04"}, "neither is run when it comes from a browser"),
        ({"weights": b"\x89PNG"}, "are no safetensors"),
        ({"card": card_bytes(tmp_path).replace(b"temperature = 1.0", b"temperature = -1")}, "temperature: must be"),
        ({"card": b"\xff\xd8"}, "is no text in UTF-8"),
        ({"card": card_bytes(tmp_path, format="torchscript", weights="w.pt")}, "the folder of models"),
    ]
    for files, reason in refused:
        app = choose(app, **files)
        (error,) = errors(app)
        assert reason in error
        assert "JANE" not in error
        assert "Use this model" not in labels(app)
    app = choose(app, card_bytes(tmp_path), b"PK\x03\x04")
    assert "safetensors.torch.save_file" in errors(app)[0]


def test_a_check_can_be_canceled_and_taken_up_again(pair: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()

    def wait(card: ModelCard, path: Path, report: object, cancel: threading.Event) -> None:
        while not (cancel.is_set() or may_end.is_set()):
            may_end.wait(0.01)
        raise ZeroDivisionError

    monkeypatch.setattr("dashboard.services.adding.try_out", wait)
    app = opened("add")
    for key, content in zip(("card file", "weights file"), pair, strict=True):
        app.file_uploader(key=key).upload("a", content)
    app.run()
    app = press(app, "Cancel")
    assert "Canceled before it was finished" in shown(app)
    may_end.set()
    app = settled(press(app, "Check it after all"))
    assert "unexpected fault" in errors(app)[0]


def finished(adding: Adding) -> Adding:
    assert adding.job is not None
    assert adding.job.wait(SOON)
    adding.settle(0)
    return adding


@pytest.mark.slow
def test_nothing_is_left_on_the_disk_whatever_comes_of_it(
    pair: tuple[bytes, bytes], own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def broken(card: ModelCard, path: Path, report: object, cancel: threading.Event) -> None:
        seen.append(os.stat(path.parent).st_mode & 0o777)
        raise ZeroDivisionError

    adding, (card, weights) = Adding(), pair
    adding.ask(("a", "b"), card, weights[:-100], lambda: True)
    assert finished(adding).tried is not None
    assert adding.tried is not None
    assert adding.tried.classifier is None
    adding.ask(("a", "c"), card, b"PK", lambda: True)
    assert finished(adding).error is not None
    monkeypatch.setattr("dashboard.services.adding.try_out", broken)
    adding.ask(("a", "d"), card, weights, lambda: True)
    assert finished(adding).error is not None
    assert seen == [0o700]
    assert not list(own_folder.iterdir())


@pytest.mark.slow
def test_a_model_that_was_used_and_removed_is_freed(pair: tuple[bytes, bytes]) -> None:
    adding, own = Adding(), OwnModels()
    adding.ask(("a", "b"), *pair, lambda: True)
    classifier = finished(adding).hand_over()
    assert classifier is not None
    assert adding.hand_over() is None
    assert adding.tried is not None
    own.add(classifier)
    freed = weakref.ref(classifier.network)
    key = classifier.card.key
    del classifier
    gc.collect()
    assert freed() is not None
    own.remove(key)
    gc.collect()
    assert freed() is None


def test_the_oldest_makes_room(pair: tuple[bytes, bytes], tmp_path: Path) -> None:
    own = OwnModels()
    models = [
        read_classifier(foreign_card(architecture="test_efficientnet", key=f"m{i}"), tmp_path / "weights")
        for i in range(MOST + 1)
    ]
    for model in (*models, models[1]):
        own.add(model)
    assert [card.key for card in own.cards()] == ["m2", "m3", "m1"]
    own.remove("m2")
    own.remove("unknown")
    assert list(own.classifiers) == ["m3", "m1"]


def with_own(*models: Classifier) -> AppTest:
    """The app in a session with these models, asking the first."""
    app = AppTest.from_file(str(APP), default_timeout=SOON)
    app.session_state[f"held {OwnModels.__module__}.OwnModels"] = OwnModels({model.card.key: model for model in models})
    app.run()
    return settled(picker(app, "Model").set_value(models[0].card.key).run())


@pytest.mark.slow
def test_without_gradients_some_methods_say_why_not_and_the_others_work(tmp_path: Path) -> None:
    model = onnx_classifier(tmp_path, Net(1, 2), last="Mish", opset=18)
    assert not model.differentiable
    app = with_own(model)
    assert "which this model does not offer" in shown(app)
    picker(app, "Explainer").set_value("occlusion")
    app = settled(picker(app, "Kind of change").set_value(Threat.BLACK_BOX).run())
    assert 'class="sentence"' in shown(app)


@pytest.mark.slow
def test_exclusive_findings_can_be_picked_each(tmp_path: Path) -> None:
    kinds = ("one", "two", "three")
    points = {"balanced": (0.5, 0.5, 0.5)}
    model = onnx_classifier(tmp_path, Net(1, 3), labels=kinds, head="exclusive", operating_points=points)
    app = with_own(model)
    app = settled(picker(app, "Explainer").set_value("saliency").run())
    box = app.selectbox(key=f"{model.card.key} finding")
    assert box.options == list(kinds)
    app = settled(box.set_value(2).run())
    assert '<div class="finding">three</div>' in shown(app)
    assert 'class="sentence"' in shown(app)
